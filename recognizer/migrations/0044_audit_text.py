from django.db import migrations, models

COPY_TEXTS = """
UPDATE recognizer_audit
SET text = (SELECT text FROM recognizer_prediction WHERE recognizer_prediction.id = recognizer_audit.prediction_id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0043_model_events"),
    ]

    operations = [
        migrations.AddField(
            model_name="audit",
            name="text",
            field=models.CharField(blank=True, db_default="", default="", max_length=659),
        ),
        migrations.RunSQL(COPY_TEXTS, migrations.RunSQL.noop),
    ]
