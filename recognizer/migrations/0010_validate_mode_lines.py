from django.db import migrations

from recognizer.models.migration_operations import validate_constraint


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0009_mode_lines"),
    ]

    operations = [
        validate_constraint("recognizer_batch", "batch_mode_known"),
        validate_constraint("recognizer_prediction", "prediction_mode_known"),
    ]
