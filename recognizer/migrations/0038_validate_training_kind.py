from django.db import migrations

from recognizer.migration_operations import validate_constraint


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0037_trainings"),
    ]

    operations = [validate_constraint("recognizer_job", "job_kind_known")]
