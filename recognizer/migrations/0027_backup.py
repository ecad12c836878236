import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0026_index_batch_table")]

    operations = [
        migrations.CreateModel(
            name="Backup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "finished_at",
                    models.DateTimeField(db_index=True, default=django.utils.timezone.now, editable=False),
                ),
                (
                    "place",
                    models.CharField(help_text="The folder or file, as it was given to the command.", max_length=500),
                ),
                ("snapshot", models.CharField(max_length=60)),
                ("rows", models.PositiveBigIntegerField()),
                ("files", models.PositiveBigIntegerField()),
                ("bytes", models.PositiveBigIntegerField(help_text="Size of the files that it holds.")),
                ("seconds", models.FloatField()),
            ],
        ),
    ]
