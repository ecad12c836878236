from django.db import migrations, models

from recognizer.models.migration_operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("recognizer", "0016_validate_written_form"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="prediction",
            index=models.Index(
                fields=["owner", "text", "-given_at", "-id"],
                name="prediction_by_text",
                condition=models.Q(("is_current", True)),
            ),
        ),
    ]
