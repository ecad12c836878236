import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognizer", "0039_training_stages")]

    operations = [
        migrations.AlterField(
            model_name="training",
            name="base",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trainings_from",
                to="recognizer.modelversion",
            ),
        ),
    ]
