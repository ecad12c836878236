import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from recognizer.models.migration_operations import ApplyTogether


def preset_key(related_name: str) -> models.ForeignKey:
    return models.ForeignKey(
        blank=True,
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.SET_NULL,
        related_name=related_name,
        to="recognizer.preset",
    )


class Migration(migrations.Migration):
    """Presets, and the columns of batches and predictions that refer to them.

    The columns are null without a default, so that neither database writes the existing rows again; PostgreSQL does
    not even read them. Their indexes follow in 0022.
    """

    dependencies = [
        ("recognizer", "0020_stored_bytes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Preset",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("auto", "automatic, one line"),
                            ("digit", "one digit"),
                            ("number", "a number"),
                            ("lines", "automatic, all lines"),
                        ],
                        default="auto",
                        max_length=6,
                    ),
                ),
                ("expectation", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="presets",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "name"), name="preset_name_unique_per_owner"),
                    models.CheckConstraint(
                        condition=models.Q(("mode__in", ["auto", "digit", "number", "lines"])),
                        name="preset_mode_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="preset_has_name"),
                ],
            },
        ),
        ApplyTogether(
            [
                migrations.AddField(model_name="batch", name="preset", field=preset_key("batches")),
                migrations.AddField(
                    model_name="batch",
                    name="expected",
                    field=models.JSONField(blank=True, help_text="What is expected of the numbers.", null=True),
                ),
                migrations.AddField(model_name="prediction", name="preset", field=preset_key("predictions")),
                migrations.AddField(
                    model_name="prediction",
                    name="expected",
                    field=models.JSONField(blank=True, help_text="What was expected of the number.", null=True),
                ),
            ]
        ),
    ]
