from django.db import migrations, models


class Migration(migrations.Migration):
    """Pages of documents. Files of earlier batches are pictures, and have neither column."""

    dependencies = [
        ("recognizer", "0034_training_consent"),
    ]

    operations = [
        migrations.AddField(
            model_name="batchitem",
            name="page",
            field=models.PositiveSmallIntegerField(help_text="The page of a document that this picture is.", null=True),
        ),
        migrations.AddField(
            model_name="batchitem",
            name="pages_opened",
            field=models.PositiveSmallIntegerField(
                help_text="Of a document: how many of its pages are files of the batch already.", null=True
            ),
        ),
    ]
