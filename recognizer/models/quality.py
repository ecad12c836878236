import secrets
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel
from recognizer.models.prediction import MAX_TEXT, Decimal, Mode


def random_seed() -> str:
    return secrets.token_hex(16)


class Stream(UUIDModel):
    """Answers of one account under one preset or mode by one model version: what a promise is made for."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="streams")
    model = models.ForeignKey("recognizer.ModelVersion", models.PROTECT, related_name="streams")
    preset = models.ForeignKey("recognizer.Preset", models.SET_NULL, null=True, blank=True, related_name="streams")
    name = models.CharField(
        max_length=80, blank=True, help_text=_("Name of the preset, also when it was deleted since.")
    )
    mode = models.CharField(max_length=6, choices=Mode)
    decimal = models.CharField(max_length=5, choices=Decimal, blank=True)
    is_expected = models.BooleanField(help_text=_("A preset or the request says what numbers look like."))
    key = models.CharField(max_length=64, editable=False, help_text=_("Digest of everything that changes answers."))
    seed = models.CharField(
        max_length=32,
        default=random_seed,
        editable=False,
        help_text=_("The audited answers are chosen by the SHA-256 of this seed and their key."),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    wish = models.FloatField(null=True, blank=True, help_text=_("The largest share of sure answers that may be wrong."))
    share = models.FloatField(help_text=_("Share of the answers that are audited where there is a wish."))
    threshold = models.FloatField(null=True, blank=True, help_text=_("Empty while the model's own threshold holds."))
    audits_left = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text=_("About how many more checked answers the promise needs, where an end is in sight."),
    )
    promised_at = models.DateTimeField(null=True, blank=True)
    broken_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("When verdicts were changed so that they do not prove the promise any more; until the next one."),
    )
    counted_until = models.DateTimeField(
        null=True, blank=True, help_text=_("When the last audited answer was chosen that the promise's state rests on.")
    )
    breaks = models.PositiveIntegerField(default=0, help_text=_("How often a promise was broken."))
    last_good_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Time of the last audited answer that was right before the promise broke.")
    )
    # What was sure between these times is in review, since the last broken promise of which the owner asked for it.
    review_from = models.DateTimeField(null=True, blank=True)
    review_until = models.DateTimeField(null=True, blank=True)
    earlier_reviews = models.JSONField(
        null=True,
        blank=True,
        help_text=_("The first and last times of what was put into review before, each as a pair."),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "model", "key"], name="stream_unique"),
            models.CheckConstraint(
                condition=Q(wish__isnull=True) | (Q(wish__gt=0) & Q(wish__lt=1)), name="stream_wish_is_share"
            ),
            models.CheckConstraint(condition=Q(share__gte=0) & Q(share__lte=1), name="stream_share_is_share"),
        ]
        indexes = [models.Index(fields=["owner", "-created_at", "-id"], name="stream_owner_newest")]

    def __str__(self) -> str:
        return self.name or str(self.get_mode_display())

    @property
    def reviews(self) -> list[tuple[datetime, datetime]]:
        """Return the first and last times between which sure answers were put into review, the newest last."""
        earlier = [
            (datetime.fromisoformat(first), datetime.fromisoformat(last)) for first, last in self.earlier_reviews or []
        ]
        if self.review_from is None or self.review_until is None:
            return earlier
        return [*earlier, (self.review_from, self.review_until)]


class StreamMonth(models.Model):
    """Counts of a stream's answers of one month. They stay when pictures are deleted."""

    stream = models.ForeignKey(Stream, models.CASCADE, related_name="months")
    month = models.DateField(help_text=_("Its first day."))
    sure = models.PositiveIntegerField(default=0)
    unsure = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    corrected = models.PositiveIntegerField(default=0, help_text=_("Answers of the month that people corrected."))

    class Meta:
        ordering = ["month"]
        constraints = [models.UniqueConstraint(fields=["stream", "month"], name="stream_month_unique")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def total(self) -> int:
        return self.sure + self.unsure + self.rejected


class Audit(UUIDModel):
    """Answer that was chosen at random to be checked, and what people said of it.

    The verdict stays when the picture is removed, so that deleting pictures of wrong answers does not prove a promise.
    Where the correction was undone before, no verdict is left to stay.
    """

    prediction = models.OneToOneField(
        "recognizer.Prediction",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="audit",
        help_text=_("Empty when its picture was removed after it was checked."),
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    stream = models.ForeignKey(Stream, models.CASCADE, related_name="audits", db_index=False)
    chosen_at = models.DateTimeField(default=timezone.now, editable=False)
    month = models.DateField(editable=False)
    probability = models.FloatField(help_text=_("With which the answer was chosen."))
    # Copies from the prediction, which never change: the figures of a stream read thousands of them.
    text = models.CharField(max_length=MAX_TEXT, blank=True, default="", db_default="")
    confidence = models.FloatField()
    was_sure = models.BooleanField()
    is_right = models.BooleanField(null=True)
    looked_again_at = models.DateTimeField(
        null=True, help_text=_("When a person confirmed that the answer is wrong, at a second look.")
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__gt=0) & Q(probability__lte=1), name="audit_probability_is_positive"
            ),
        ]
        indexes = [
            # The audits of a stream in the order in which they count.
            models.Index(fields=["stream", "chosen_at", "id"], name="audit_of_stream"),
            # The review queue, the oldest first.
            models.Index(fields=["owner", "chosen_at", "id"], name="audit_to_review", condition=Q(is_right=None)),
            # The verdicts on sure answers, counted by month in the index alone.
            models.Index(
                fields=["stream", "month", "probability", "is_right", "chosen_at"],
                name="audit_verdicts",
                condition=Q(was_sure=True, is_right__isnull=False),
            ),
            # The gallery of mistakes.
            models.Index(fields=["stream", "-chosen_at", "-id"], name="audit_mistakes", condition=Q(is_right=False)),
        ]

    def __str__(self) -> str:
        return f"audit of {self.prediction_id}"
