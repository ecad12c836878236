from django.db import migrations, models


class Migration(migrations.Migration):
    """The files of a new model version lie in a folder of their own, so that no other upload can replace them."""

    dependencies = [("recognizer", "0047_trainers_may_look")]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="folder",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of its files in the storage, below models/. Empty: the name of the version.",
                max_length=100,
            ),
        ),
    ]
