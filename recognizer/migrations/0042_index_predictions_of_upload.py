import django.db.models.deletion
from django.db import migrations, models

from recognizer.models.migration_operations import AddIndexConcurrently, RemoveFieldIndex


class Migration(migrations.Migration):
    """The new index begins with the column of the removed one and takes its place."""

    atomic = False

    dependencies = [
        ("recognizer", "0041_trainer_permission"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="prediction",
            index=models.Index(fields=["upload", "is_current", "decision"], name="prediction_of_upload"),
        ),
        RemoveFieldIndex(
            model_name="prediction",
            name="upload",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="predictions",
                to="recognizer.upload",
            ),
        ),
    ]
