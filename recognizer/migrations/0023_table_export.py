import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import recognizer.models.table_export
from recognizer.models.migration_operations import AddConstraintWithoutScan

KINDS = [
    ("feature_maps", "draw feature maps"),
    ("batch_chunk", "read a part of a batch"),
    ("rescore", "read again"),
    ("account_deletion", "delete an account"),
    ("personal_export", "write a personal export"),
    ("mail", "send an email"),
    ("table_export", "write a table"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0022_index_presets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TableExport",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "selection",
                    models.JSONField(default=dict),
                ),
                ("title", models.CharField(help_text="The file is named after it.", max_length=200)),
                (
                    "site",
                    models.CharField(help_text="Address of the pages that the file links to.", max_length=200),
                ),
                (
                    "time_zone",
                    models.CharField(help_text="Time zone in which the filters name days.", max_length=100),
                ),
                (
                    "file",
                    models.FileField(blank=True, max_length=200, upload_to=recognizer.models.table_export.table_path),
                ),
                ("bytes", models.PositiveBigIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="table_exports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="table_export", to="recognizer.job"
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="table_exports",
                        to="recognizer.batch",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["owner", "-created_at"], name="table_export_owner_newest")],
            },
        ),
        migrations.RemoveConstraint(model_name="job", name="job_kind_known"),
        migrations.AlterField(model_name="job", name="kind", field=models.CharField(choices=KINDS, max_length=16)),
        AddConstraintWithoutScan(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", [kind for kind, _label in KINDS])), name="job_kind_known"
            ),
        ),
    ]
