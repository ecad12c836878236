from django.db import migrations

from recognizer.models.migration_operations import validate_constraint


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0007_account_deletion"),
    ]

    operations = [validate_constraint("recognizer_job", "job_kind_known")]
