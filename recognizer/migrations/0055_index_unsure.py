from django.db import migrations, models

from recognizer.models.migration_operations import AddIndexConcurrently, RemoveIndexConcurrently


class Migration(migrations.Migration):
    """Unsure answers are counted in indexes alone, and so is the table of a batch put in order by its numbers.

    `prediction_of_batch` begins with the columns of the removed index and takes its place.
    """

    atomic = False

    dependencies = [
        ("recognizer", "0054_index_unowned_jobs"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="prediction",
            index=models.Index(
                condition=models.Q(("decision", "unsure"), ("is_current", True)),
                fields=["owner", "upload"],
                name="prediction_unsure",
            ),
        ),
        AddIndexConcurrently(
            model_name="upload",
            index=models.Index(
                condition=models.Q(("original", "")), fields=["owner", "id"], name="upload_without_picture"
            ),
        ),
        AddIndexConcurrently(
            model_name="prediction",
            index=models.Index(
                fields=["upload", "is_current", "decision", "stream", "confidence", "text"], name="prediction_of_batch"
            ),
        ),
        RemoveIndexConcurrently(model_name="prediction", name="prediction_with_confidence"),
    ]
