from django.db import migrations, models

from recognizer.models.migration_operations import AddIndexConcurrently

HAS_PRESET = models.Q(("preset__isnull", False))


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("recognizer", "0021_preset"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="batch",
            index=models.Index(fields=["preset"], name="batch_by_preset", condition=HAS_PRESET),
        ),
        AddIndexConcurrently(
            model_name="prediction",
            index=models.Index(
                fields=["preset", "-given_at", "-id"], name="prediction_by_preset", condition=HAS_PRESET
            ),
        ),
    ]
