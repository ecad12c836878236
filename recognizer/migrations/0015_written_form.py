from django.db import migrations, models

from recognizer.models.migration_operations import AddConstraintWithoutScan, ApplyTogether

SIGNED_TEXT = models.CharField(
    blank=True, db_default="", default="", help_text="The text with its signs. Empty if it has none.", max_length=2000
)
TEXT = models.CharField(blank=True, help_text="Digits; several lines have line feeds.", max_length=659)
LIST = models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list)


def text_is_digits(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=models.Q(("text__regex", "^([0-9]+(\\n[0-9]+)*)?\\Z")), name=name)


class Migration(migrations.Migration):
    """The columns of signs, unread ink and lines.

    The constraints and the index on `text` are removed first: otherwise PostgreSQL would check every row and build the
    index again while it widens `text`, and lock out all readers. The index follows in 0017.
    """

    dependencies = [
        ("recognizer", "0014_decimal_marks"),
    ]

    operations = [
        ApplyTogether(
            [
                migrations.RemoveConstraint(model_name="correction", name="correction_not_a_digit_has_no_text"),
                migrations.AlterField(model_name="correction", name="text", field=TEXT),
                migrations.AddField(model_name="correction", name="signed_text", field=SIGNED_TEXT),
                AddConstraintWithoutScan(
                    model_name="correction",
                    constraint=models.CheckConstraint(
                        condition=~models.Q(("kind", "not_a_digit")) | models.Q(("text", "")),
                        name="correction_not_a_digit_has_no_text",
                    ),
                ),
                AddConstraintWithoutScan(
                    model_name="correction", constraint=text_is_digits("correction_text_is_digits")
                ),
                migrations.RemoveConstraint(model_name="prediction", name="prediction_text_empty_only_when_rejected"),
                migrations.RemoveIndex(model_name="prediction", name="prediction_by_text"),
                migrations.AlterField(model_name="prediction", name="text", field=TEXT),
                migrations.AddField(model_name="prediction", name="signed_text", field=SIGNED_TEXT),
                migrations.AddField(model_name="prediction", name="signs", field=LIST),
                migrations.AddField(model_name="prediction", name="unread", field=LIST),
                migrations.AddField(model_name="prediction", name="lines", field=LIST),
                AddConstraintWithoutScan(
                    model_name="prediction",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("decision", "rejected"), ("text", ""))
                        | (~models.Q(("decision", "rejected")) & ~models.Q(("text", ""))),
                        name="prediction_text_empty_only_when_rejected",
                    ),
                ),
                AddConstraintWithoutScan(
                    model_name="prediction", constraint=text_is_digits("prediction_text_is_digits")
                ),
            ]
        ),
    ]
