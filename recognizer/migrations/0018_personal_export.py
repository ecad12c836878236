import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import recognizer.models.personal_export
from recognizer.models.migration_operations import AddConstraintWithoutScan


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0017_index_texts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonalExport",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "owner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="personal_export",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "job",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="personal_export", to="recognizer.job"
                    ),
                ),
                (
                    "account",
                    models.JSONField(help_text="The account when the export was requested, as it is in the file."),
                ),
                ("position", models.JSONField(default=dict, help_text="Where the next part begins.")),
                ("bytes", models.PositiveBigIntegerField(default=0, help_text="Size of the parts.")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="ExportPart",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "export",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="recognizer.personalexport",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("file", models.FileField(max_length=200, upload_to=recognizer.models.personal_export.part_path)),
                ("data_bytes", models.PositiveBigIntegerField()),
                ("directory_bytes", models.PositiveBigIntegerField()),
                ("members", models.PositiveIntegerField()),
            ],
            options={
                "ordering": ["number"],
                "constraints": [models.UniqueConstraint(fields=("export", "number"), name="export_part_number_unique")],
            },
        ),
        migrations.RemoveConstraint(model_name="job", name="job_kind_known"),
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
                        ["feature_maps", "batch_chunk", "rescore", "account_deletion", "personal_export", "mail"],
                    )
                ),
                name="job_kind_known",
            ),
        ),
    ]
