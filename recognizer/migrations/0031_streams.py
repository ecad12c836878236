import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import recognizer.models.quality
from recognizer.models.migration_operations import ApplyTogether


class Migration(migrations.Migration):
    """Streams, their months and audits, and the column of predictions that refers to streams.

    The column is null without a default, so that neither database writes the existing rows again; PostgreSQL does not
    even read them. Its index follows in 0032.
    """

    dependencies = [
        ("recognizer", "0030_pictures_kept_days"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="StreamMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(help_text="Its first day.")),
                ("sure", models.PositiveIntegerField(default=0)),
                ("unsure", models.PositiveIntegerField(default=0)),
                ("rejected", models.PositiveIntegerField(default=0)),
                (
                    "corrected",
                    models.PositiveIntegerField(default=0, help_text="Answers of the month that people corrected."),
                ),
            ],
            options={
                "ordering": ["month"],
            },
        ),
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(blank=True, help_text="Name of the preset when the stream began.", max_length=80),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("auto", "automatic, one line"),
                            ("digit", "one digit"),
                            ("number", "a number"),
                            ("lines", "automatic, all lines"),
                        ],
                        max_length=6,
                    ),
                ),
                (
                    "decimal",
                    models.CharField(
                        blank=True,
                        choices=[("point", "point, as in 12.50"), ("comma", "comma, as in 12,50")],
                        max_length=5,
                    ),
                ),
                ("is_expected", models.BooleanField(help_text="A preset or the request says what numbers look like.")),
                (
                    "key",
                    models.CharField(
                        editable=False, help_text="Digest of everything that changes answers.", max_length=64
                    ),
                ),
                (
                    "seed",
                    models.CharField(
                        default=recognizer.models.quality.random_seed,
                        editable=False,
                        help_text="The audited answers are chosen by the SHA-256 of this seed and their key.",
                        max_length=32,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "wish",
                    models.FloatField(
                        blank=True, help_text="The largest share of sure answers that may be wrong.", null=True
                    ),
                ),
                ("share", models.FloatField(help_text="Share of the answers that are audited where there is a wish.")),
                (
                    "threshold",
                    models.FloatField(blank=True, help_text="Empty while the model's own threshold holds.", null=True),
                ),
                (
                    "audits_left",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="About how many more checked answers the promise needs, where an end is in sight.",
                        null=True,
                    ),
                ),
                ("promised_at", models.DateTimeField(blank=True, null=True)),
                ("broken_at", models.DateTimeField(blank=True, null=True)),
                ("breaks", models.PositiveIntegerField(default=0, help_text="How often a promise was broken.")),
                (
                    "last_good_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Time of the last audited answer that was right before the promise broke.",
                        null=True,
                    ),
                ),
                ("review_from", models.DateTimeField(blank=True, null=True)),
                ("review_until", models.DateTimeField(blank=True, null=True)),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="streams",
                        to="recognizer.modelversion",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="streams", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "preset",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="streams",
                        to="recognizer.preset",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Audit",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("chosen_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("month", models.DateField(editable=False)),
                ("probability", models.FloatField(help_text="With which the answer was chosen.")),
                ("confidence", models.FloatField()),
                ("was_sure", models.BooleanField()),
                ("is_right", models.BooleanField(null=True)),
                (
                    "looked_again_at",
                    models.DateTimeField(
                        help_text="When a person confirmed that the answer is wrong, at a second look.", null=True
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "prediction",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="audit", to="recognizer.prediction"
                    ),
                ),
                (
                    "stream",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="audits",
                        to="recognizer.stream",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="streammonth",
            name="stream",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="months", to="recognizer.stream"
            ),
        ),
        migrations.AddIndex(
            model_name="stream",
            index=models.Index(fields=["owner", "-created_at", "-id"], name="stream_owner_newest"),
        ),
        migrations.AddConstraint(
            model_name="stream",
            constraint=models.UniqueConstraint(fields=("owner", "model", "key"), name="stream_unique"),
        ),
        migrations.AddConstraint(
            model_name="stream",
            constraint=models.CheckConstraint(
                condition=models.Q(("wish__isnull", True), models.Q(("wish__gt", 0), ("wish__lt", 1)), _connector="OR"),
                name="stream_wish_is_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="stream",
            constraint=models.CheckConstraint(
                condition=models.Q(("share__gte", 0), ("share__lte", 1)), name="stream_share_is_share"
            ),
        ),
        migrations.AddIndex(
            model_name="audit",
            index=models.Index(fields=["stream", "chosen_at", "id"], name="audit_of_stream"),
        ),
        migrations.AddIndex(
            model_name="audit",
            index=models.Index(
                condition=models.Q(("is_right", None)), fields=["owner", "chosen_at", "id"], name="audit_to_review"
            ),
        ),
        migrations.AddIndex(
            model_name="audit",
            index=models.Index(
                condition=models.Q(("is_right", False)), fields=["stream", "-chosen_at", "-id"], name="audit_mistakes"
            ),
        ),
        migrations.AddConstraint(
            model_name="audit",
            constraint=models.CheckConstraint(
                condition=models.Q(("probability__gt", 0), ("probability__lte", 1)),
                name="audit_probability_is_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="streammonth",
            constraint=models.UniqueConstraint(fields=("stream", "month"), name="stream_month_unique"),
        ),
        # Last: readers of predictions wait from here to the end of the transaction.
        ApplyTogether(
            [
                migrations.AddField(
                    model_name="prediction",
                    name="stream",
                    field=models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="predictions",
                        to="recognizer.stream",
                    ),
                ),
            ]
        ),
    ]
