from django.db import migrations

from recognizer.models.migration_operations import validate_constraint

CONSTRAINTS = [
    ("recognizer_batch", "batch_decimal_known"),
    ("recognizer_prediction", "prediction_decimal_known"),
    ("recognizer_prediction", "prediction_text_empty_only_when_rejected"),
    ("recognizer_prediction", "prediction_text_is_digits"),
    ("recognizer_correction", "correction_not_a_digit_has_no_text"),
    ("recognizer_correction", "correction_text_is_digits"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0015_written_form"),
    ]

    operations = [validate_constraint(table, name) for table, name in CONSTRAINTS]
