from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0033_model_permissions")]

    operations = [
        migrations.AddField(
            model_name="preferences",
            name="training_consent",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="True while models may be trained with the pictures that the person confirmed or corrected.",
            ),
        ),
    ]
