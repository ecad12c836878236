from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0046_api_token_name")]

    operations = [
        migrations.AddField(
            model_name="preferences",
            name="trainers_may_look",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="True while trainers may look at the pictures and the answers to them.",
            ),
        ),
    ]
