from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0029_promotions")]

    operations = [
        migrations.AddField(
            model_name="preferences",
            name="pictures_kept_days",
            field=models.PositiveIntegerField(
                help_text="Pictures are removed after so many days, and their readings stay. Empty: never.", null=True
            ),
        ),
    ]
