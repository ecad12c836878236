from django.db import migrations, models

from recognizer.models.migration_operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("recognizer", "0025_batch_table"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="batchitem",
            index=models.Index(fields=["batch", "sort_key", "position"], name="batch_item_by_name"),
        ),
    ]
