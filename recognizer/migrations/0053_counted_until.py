from django.db import migrations, models

# The audits before the first one that can still be checked are those that the state of a promise rests on.
FILL_COUNTED_UNTIL = """
UPDATE recognizer_stream
SET counted_until = (
    SELECT MAX(checked.chosen_at)
    FROM recognizer_audit checked
    WHERE checked.stream_id = recognizer_stream.id AND checked.is_right IS NOT NULL AND checked.chosen_at < COALESCE(
        (
            SELECT MIN(waiting.chosen_at)
            FROM recognizer_audit waiting
            JOIN recognizer_prediction prediction ON prediction.id = waiting.prediction_id
            JOIN recognizer_upload upload ON upload.id = prediction.upload_id
            WHERE waiting.stream_id = recognizer_stream.id AND waiting.owner_id = recognizer_stream.owner_id
                AND waiting.is_right IS NULL AND upload.deleted_at IS NULL AND upload.original <> ''
        ),
        '9999-12-31'
    )
)
WHERE wish IS NOT NULL AND counted_until IS NULL
"""


class Migration(migrations.Migration):
    """The fill stands apart from the new columns, whose lock on the streams would last until the audits are read."""

    dependencies = [
        ("recognizer", "0052_stream_keys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="stream",
            name="name",
            field=models.CharField(
                blank=True, help_text="Name of the preset, also when it was deleted since.", max_length=80
            ),
        ),
        migrations.RunSQL(FILL_COUNTED_UNTIL, migrations.RunSQL.noop),
    ]
