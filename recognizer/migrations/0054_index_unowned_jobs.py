from django.db import migrations, models

from recognizer.models.migration_operations import AddIndexConcurrently


class Migration(migrations.Migration):
    """The hourly purge finds its old jobs among millions that belong to predictions and batches."""

    atomic = False

    dependencies = [
        ("recognizer", "0053_counted_until"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(
                condition=models.Q(("batch", None), ("prediction", None)), fields=["finished_at"], name="job_unowned"
            ),
        ),
    ]
