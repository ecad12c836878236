import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from recognizer.models.migration_operations import AddConstraintWithoutScan, ApplyTogether

MARKS = [("point", "point, as in 12.50"), ("comma", "comma, as in 12,50")]


def decimal_known(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=models.Q(("decimal__in", ["", "point", "comma"])), name=name)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("recognizer", "0013_notice"),
    ]

    operations = [
        ApplyTogether(
            [
                migrations.CreateModel(
                    name="Preferences",
                    fields=[
                        (
                            "user",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="+",
                                serialize=False,
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "decimal",
                            models.CharField(blank=True, choices=MARKS, db_default="", default="", max_length=5),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "preferences",
                        "constraints": [decimal_known("preferences_decimal_known")],
                    },
                ),
                migrations.AddField(
                    model_name="batch",
                    name="decimal",
                    field=models.CharField(blank=True, choices=MARKS, db_default="", default="", max_length=5),
                ),
                AddConstraintWithoutScan(model_name="batch", constraint=decimal_known("batch_decimal_known")),
                migrations.AddField(
                    model_name="prediction",
                    name="decimal",
                    field=models.CharField(
                        blank=True,
                        choices=MARKS,
                        db_default="",
                        default="",
                        help_text="Decimal mark that the request or the account named.",
                        max_length=5,
                    ),
                ),
                AddConstraintWithoutScan(model_name="prediction", constraint=decimal_known("prediction_decimal_known")),
            ]
        ),
    ]
