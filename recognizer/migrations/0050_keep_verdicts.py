import django.db.models.deletion
from django.db import migrations, models

from recognizer.models.migration_operations import AllowNull

DELETE_KEPT = "DELETE FROM recognizer_audit WHERE prediction_id IS NULL"


class Migration(migrations.Migration):
    """Verdicts on audited answers stay when their pictures are removed."""

    dependencies = [("recognizer", "0049_promise_withdrawn")]

    operations = [
        AllowNull(
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
        migrations.RunSQL(migrations.RunSQL.noop, DELETE_KEPT),
    ]
