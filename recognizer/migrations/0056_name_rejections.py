from django.db import migrations, models


class Migration(migrations.Migration):
    """Names of choices, which no database stores."""

    dependencies = [
        ("recognizer", "0055_index_unsure"),
    ]

    operations = [
        migrations.AlterField(
            model_name="correction",
            name="kind",
            field=models.CharField(
                choices=[
                    ("confirm", "confirmed"),
                    ("correct", "corrected"),
                    ("not_a_digit", "no digit"),
                    ("undo", "undone"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="prediction",
            name="decision",
            field=models.CharField(
                choices=[("read", "sure"), ("unsure", "unsure"), ("rejected", "no digit")], max_length=8
            ),
        ),
    ]
