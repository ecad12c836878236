from typing import Any

from django.db import migrations


def validate_job_kinds(apps: Any, schema_editor: Any) -> None:
    """Let PostgreSQL check the existing rows. Jobs are read and written in the meantime."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE recognizer_job VALIDATE CONSTRAINT job_kind_known")


class Migration(migrations.Migration):
    dependencies = [
        ("recognizer", "0007_account_deletion"),
    ]

    operations = [migrations.RunPython(validate_job_kinds, migrations.RunPython.noop)]
