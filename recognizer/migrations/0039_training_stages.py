from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0038_validate_training_kind")]

    operations = [
        migrations.AddField(
            model_name="training",
            name="stages",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text="Names of the stages that any run of it has reached.",
            ),
        ),
    ]
