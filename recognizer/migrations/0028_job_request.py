from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0027_backup")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="request",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Id of the request that has asked for the job, which its log lines carry.",
                max_length=16,
            ),
        ),
    ]
