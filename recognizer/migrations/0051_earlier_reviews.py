from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0050_keep_verdicts")]

    operations = [
        migrations.AddField(
            model_name="stream",
            name="earlier_reviews",
            field=models.JSONField(
                blank=True,
                help_text="The first and last times of what was put into review before, each as a pair.",
                null=True,
            ),
        ),
    ]
