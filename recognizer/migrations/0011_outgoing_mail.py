import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from recognizer.models.migration_operations import AddConstraintWithoutScan


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0010_validate_mode_lines"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(help_text="The template of the mail.", max_length=40)),
                (
                    "address",
                    models.EmailField(
                        blank=True,
                        help_text="Empty: the verified address that the user has when the mail is sent.",
                        max_length=254,
                    ),
                ),
                ("context", models.JSONField(default=dict, help_text="What the template shows besides links.")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("expires_at", models.DateTimeField(help_text="A mail that could not be sent until then is dropped.")),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"verbose_name": "outgoing mail", "verbose_name_plural": "outgoing mails"},
        ),
        migrations.AddField(
            model_name="job",
            name="not_before",
            field=models.DateTimeField(help_text="Time until which the sweeper leaves the job alone.", null=True),
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
                    ("mail", "send an email"),
                ],
                max_length=16,
            ),
        ),
        AddConstraintWithoutScan(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["feature_maps", "batch_chunk", "rescore", "account_deletion", "mail"])
                ),
                name="job_kind_known",
            ),
        ),
    ]
