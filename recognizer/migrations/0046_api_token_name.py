from django.db import migrations


class Migration(migrations.Migration):
    """API tokens are named as people write it. The database does not change."""

    dependencies = [
        ("recognizer", "0045_index_quality"),
    ]

    operations = [
        migrations.AlterModelOptions(name="apitoken", options={"verbose_name": "API token"}),
    ]
