from django.db import migrations, models

from recognizer.models.migration_operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("recognizer", "0031_streams"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="prediction",
            index=models.Index(
                fields=["stream", "given_at", "id"],
                name="prediction_of_stream",
                condition=models.Q(("stream__isnull", False)),
            ),
        ),
    ]
