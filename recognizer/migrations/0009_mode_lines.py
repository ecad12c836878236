from django.db import migrations, models

from recognizer.models.migration_operations import AddConstraintWithoutScan, ApplyTogether


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0008_validate_job_kinds"),
    ]

    operations = [
        ApplyTogether(
            [
                migrations.RemoveConstraint(
                    model_name="batch",
                    name="batch_mode_known",
                ),
                migrations.RemoveConstraint(
                    model_name="prediction",
                    name="prediction_mode_known",
                ),
                migrations.AlterField(
                    model_name="batch",
                    name="mode",
                    field=models.CharField(
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
                migrations.AlterField(
                    model_name="prediction",
                    name="mode",
                    field=models.CharField(
                        choices=[
                            ("auto", "automatic, one line"),
                            ("digit", "one digit"),
                            ("number", "a number"),
                            ("lines", "automatic, all lines"),
                        ],
                        max_length=6,
                    ),
                ),
                AddConstraintWithoutScan(
                    model_name="batch",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("mode__in", ["auto", "digit", "number", "lines"])), name="batch_mode_known"
                    ),
                ),
                AddConstraintWithoutScan(
                    model_name="prediction",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("mode__in", ["auto", "digit", "number", "lines"])),
                        name="prediction_mode_known",
                    ),
                ),
            ]
        ),
    ]
