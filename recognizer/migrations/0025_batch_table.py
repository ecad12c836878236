from django.db import migrations, models

import recognizer.models.natural_order


class Migration(migrations.Migration):
    """The note of a batch, and the sort key of its files. Older files have none and stay in the order given."""

    dependencies = [
        ("recognizer", "0024_validate_table_kind"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="note",
            field=models.TextField(blank=True, db_default="", default="", max_length=2000),
        ),
        migrations.AddField(
            model_name="batchitem",
            name="sort_key",
            field=recognizer.models.natural_order.NaturalKeyField(of="name"),
        ),
    ]
