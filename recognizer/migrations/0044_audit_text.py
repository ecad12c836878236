from django.db import migrations, models


class Migration(migrations.Migration):
    """The column alone, which PostgreSQL adds without writing the rows. `manage.py prepare` fills it."""

    dependencies = [
        ("recognizer", "0043_model_events"),
    ]

    operations = [
        migrations.AddField(
            model_name="audit",
            name="text",
            field=models.CharField(blank=True, db_default="", default="", max_length=659),
        ),
    ]
