import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from recognizer.models.migration_operations import AddConstraintWithoutScan


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0036_export_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Training",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(unique=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("candidate", "ended with a candidate"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="open",
                        max_length=9,
                    ),
                ),
                ("error", models.TextField(blank=True)),
                ("stage", models.CharField(blank=True, max_length=40)),
                ("stage_done", models.FloatField(default=0, help_text="Share of the stage, 0 to 1.")),
                ("seconds_left", models.FloatField(null=True)),
                (
                    "epochs",
                    models.JSONField(default=list, help_text="Figures of the complete epochs: the learning curves."),
                ),
                (
                    "pictures",
                    models.JSONField(default=dict, help_text="How many digits, pictures and people it learnt from."),
                ),
                (
                    "held_back",
                    models.JSONField(help_text="Both models on digits that it did not learn from.", null=True),
                ),
                ("created_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now, editable=False)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="job",
            name="job_kind_known",
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("feature_maps", "draw feature maps"),
                    ("batch_chunk", "read a part of a batch"),
                    ("rescore", "read again"),
                    ("account_deletion", "delete an account"),
                    ("personal_export", "write a personal export"),
                    ("mail", "send an email"),
                    ("table_export", "write a table"),
                    ("training", "train a model"),
                ],
                max_length=16,
            ),
        ),
        AddConstraintWithoutScan(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "feature_maps",
                            "batch_chunk",
                            "rescore",
                            "account_deletion",
                            "personal_export",
                            "mail",
                            "table_export",
                            "training",
                        ],
                    )
                ),
                name="job_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="training",
            name="base",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="trainings_from", to="recognizer.modelversion"
            ),
        ),
        migrations.AddField(
            model_name="training",
            name="candidate",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="training",
                to="recognizer.modelversion",
            ),
        ),
        migrations.AddField(
            model_name="training",
            name="job",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="training", to="recognizer.job"
            ),
        ),
        migrations.AddField(
            model_name="training",
            name="started_by",
            field=models.ForeignKey(
                help_text="Empty for a command.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="training",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["open", "candidate", "failed", "cancelled"])),
                name="training_outcome_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="training",
            constraint=models.UniqueConstraint(
                models.F("outcome"), condition=models.Q(("outcome", "open")), name="training_one_open"
            ),
        ),
    ]
