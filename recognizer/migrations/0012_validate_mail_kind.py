from django.db import migrations

from recognizer.models.migration_operations import validate_constraint


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0011_outgoing_mail"),
    ]

    operations = [validate_constraint("recognizer_job", "job_kind_known")]
