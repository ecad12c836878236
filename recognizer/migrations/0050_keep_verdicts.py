import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Verdicts on audited answers stay when their pictures are removed."""

    dependencies = [("recognizer", "0049_promise_withdrawn")]

    operations = [
        migrations.AlterField(
            model_name="audit",
            name="prediction",
            field=models.OneToOneField(
                blank=True,
                help_text="Empty when its picture was removed after it was checked.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="audit",
                to="recognizer.prediction",
            ),
        ),
    ]
