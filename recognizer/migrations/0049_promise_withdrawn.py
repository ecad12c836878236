from django.db import migrations, models

# The audits before the first one that nobody has checked are those that the state of a promise rests on.
FILL_COUNTED_UNTIL = """
UPDATE recognizer_stream
SET counted_until = (
    SELECT MAX(checked.chosen_at)
    FROM recognizer_audit checked
    WHERE checked.stream_id = recognizer_stream.id AND checked.is_right IS NOT NULL AND checked.chosen_at < COALESCE(
        (
            SELECT MIN(waiting.chosen_at)
            FROM recognizer_audit waiting
            WHERE waiting.stream_id = recognizer_stream.id AND waiting.is_right IS NULL
        ),
        '9999-12-31'
    )
)
WHERE wish IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0048_folder_of_model")]

    operations = [
        migrations.AddField(
            model_name="stream",
            name="counted_until",
            field=models.DateTimeField(
                blank=True,
                help_text="When the last audited answer was chosen that the promise's state rests on.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="stream",
            name="withdrawn_at",
            field=models.DateTimeField(
                blank=True,
                help_text=(
                    "When verdicts were changed so that they do not prove the promise any more; until the next one."
                ),
                null=True,
            ),
        ),
        migrations.RunSQL(FILL_COUNTED_UNTIL, migrations.RunSQL.noop),
    ]
