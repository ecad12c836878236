from django.db import migrations, models


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
    ]
