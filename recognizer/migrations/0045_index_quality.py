import django.db.models.deletion
from django.db import migrations, models

from recognizer.models.migration_operations import AddIndexConcurrently, RemoveFieldIndex, RemoveIndexConcurrently


class Migration(migrations.Migration):
    """The page "How good is it?" counts verdicts and errors to expect in indexes alone.

    Two of the new indexes begin with the columns of the removed ones and take their places.
    """

    atomic = False

    dependencies = [
        ("recognizer", "0044_audit_text"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="audit",
            index=models.Index(
                fields=["stream", "month", "probability", "is_right", "chosen_at"],
                name="audit_verdicts",
                condition=models.Q(("is_right__isnull", False), ("was_sure", True)),
            ),
        ),
        AddIndexConcurrently(
            model_name="prediction",
            index=models.Index(
                fields=["upload", "is_current", "decision", "stream", "confidence"], name="prediction_with_confidence"
            ),
        ),
        RemoveIndexConcurrently(model_name="prediction", name="prediction_of_upload"),
        AddIndexConcurrently(
            model_name="batchitem",
            index=models.Index(fields=["batch", "upload"], name="batch_item_uploads"),
        ),
        RemoveFieldIndex(
            model_name="batchitem",
            name="batch",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
                to="recognizer.batch",
            ),
        ),
    ]
