import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from recognizer.models.migration_operations import AddConstraintWithoutScan


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0006_deleted_by_owner"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountDeletion",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("owner_id", models.PositiveBigIntegerField(unique=True)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "workers_until",
                    models.DateTimeField(
                        help_text="Time until which a cancelled job of the owner may still write files.", null=True
                    ),
                ),
                (
                    "finished_at",
                    models.DateTimeField(help_text="Time when no row and no file of the owner was left.", null=True),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DeletedFolder",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("emptied_at", models.DateTimeField(null=True)),
                (
                    "deletion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="folders",
                        to="recognizer.accountdeletion",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["deletion", "emptied_at"], name="deleted_folder_to_empty")],
            },
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
                ],
                max_length=16,
            ),
        ),
        AddConstraintWithoutScan(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["feature_maps", "batch_chunk", "rescore", "account_deletion"])),
                name="job_kind_known",
            ),
        ),
    ]
