from typing import Any, cast

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mlcore.reading.expectations.expectation_text import known_decimals
from mlcore.reading.result import MAX_GLYPHS, MAX_LINES, Box
from mlcore.reading.written import DecimalMark, DecimalRule, find_value
from recognizer.models.base import ImmutableModel, UUIDModel

# Digits, several lines joined by line feeds. `\Z`, because Python's `$` accepts a line feed at the end.
DIGITS_PATTERN = r"^([0-9]+(\n[0-9]+)*)?\Z"
MAX_TEXT = MAX_GLYPHS + MAX_LINES - 1  # characters: the digits, and the line feeds between the lines
MAX_WRITTEN = 2000


class Mode(models.TextChoices):
    AUTO = "auto", _("automatic, one line")
    DIGIT = "digit", _("one digit")
    NUMBER = "number", _("a number")
    LINES = "lines", _("automatic, all lines")


class Decimal(models.TextChoices):
    """Decimal mark of an account, a request or a batch: what settles whether 1.234 is a thousand or about one."""

    POINT = "point", _("point, as in 12.50")
    COMMA = "comma", _("comma, as in 12,50")


class Decision(models.TextChoices):
    READ = "read", _("sure")
    UNSURE = "unsure", _("unsure")
    REJECTED = "rejected", _("no digit")


class DecimalMarkMixin:
    """A row whose `decimal` may be empty."""

    decimal: Any

    @property
    def decimal_mark(self) -> DecimalMark | None:
        return cast(DecimalMark, self.decimal) if self.decimal else None


class ExpectedMixin(DecimalMarkMixin):
    """A row with what was expected of its numbers.

    `expected` is None, or {"preset": "Water meter", "fields": {"digits": "5"}}, whose preset is empty where the fields
    were given without one. It is a copy: it stays when the preset is changed or deleted. Where a preset was named, it
    also has "preset_digest", unless an earlier release has written it.
    """

    expected: Any

    @property
    def expected_fields(self) -> dict[str, str]:
        """Return the fields of the expectation by the names of `expectation_text.FIELDS`; none if it is empty."""
        return dict(self.expected["fields"]) if self.expected else {}

    @property
    def preset_name(self) -> str:
        """Return the name that the preset had, or an empty string."""
        return str(self.expected["preset"]) if self.expected else ""

    @property
    def preset_digest(self) -> str:
        """Return the digest of the fields that the preset itself had, or an empty string where it is not known."""
        return str(self.expected.get("preset_digest", "")) if self.expected else ""

    @property
    def decimal_rule(self) -> DecimalRule | None:
        """Return what settles the meaning of a comma: an expected number of decimals before the decimal mark."""
        decimals = known_decimals(self.expected_fields)
        return self.decimal_mark if decimals is None else decimals


class Prediction(ExpectedMixin, ImmutableModel):
    """Stored reading of one upload by one model version in one mode. It never changes.

    `owner` and `given_at` are copies from the upload, which never change either. So every filter and order of the
    history is one index of this table.

    Signs, unread ink and lines are JSON, because they are always read and written with their prediction and never
    searched. A row without signs and with one line repeats nothing: `written` and `value` follow from its text.

    `preset` is null where no preset was named, and once it was deleted; `expected` is null where nothing was expected.
    """

    Mode = Mode
    Decimal = Decimal
    Decision = Decision
    mutable_fields = frozenset({"is_current"})

    upload = models.ForeignKey("recognizer.Upload", models.CASCADE, db_index=False, related_name="predictions")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    given_at = models.DateTimeField(editable=False)
    model = models.ForeignKey("recognizer.ModelVersion", models.PROTECT, related_name="predictions")
    mode = models.CharField(max_length=6, choices=Mode)
    decimal = models.CharField(
        max_length=5,
        choices=Decimal,
        blank=True,
        default="",
        db_default="",
        help_text=_("Decimal mark that the request or the account named."),
    )
    # Without an index of its own: `prediction_by_preset` serves it, and leaves out the many rows without a preset.
    preset = models.ForeignKey(
        "recognizer.Preset", models.SET_NULL, null=True, blank=True, db_index=False, related_name="predictions"
    )
    expected = models.JSONField(null=True, blank=True, help_text=_("What was expected of the number."))
    # Null for predictions that are older than streams. `prediction_of_stream` serves it.
    stream = models.ForeignKey(
        "recognizer.Stream", models.SET_NULL, null=True, blank=True, db_index=False, related_name="predictions"
    )
    text = models.CharField(max_length=MAX_TEXT, blank=True, help_text=_("Digits; several lines have line feeds."))
    signed_text = models.CharField(
        max_length=MAX_WRITTEN,
        blank=True,
        default="",
        db_default="",
        help_text=_("The text with its signs. Empty if it has none."),
    )
    confidence = models.FloatField()
    decision = models.CharField(max_length=8, choices=Decision)
    reason = models.CharField(max_length=16, blank=True)
    # A list of {"box": [x, y, width, height], "sign": ".", "confidence": 0.98, "before_glyph": 2} in reading order
    signs = models.JSONField(blank=True, default=list, db_default=Value([], models.JSONField()))
    # A list of {"box": [x, y, width, height], "kind": "mark"}
    unread = models.JSONField(blank=True, default=list, db_default=Value([], models.JSONField()))
    # Where there are several lines, a list from top to bottom of {"box": [x, y, width, height], "confidence": 0.98,
    # "decision": "read", "reason": null, "signs": 1}. The digits and signs of each follow those of the line before.
    lines = models.JSONField(blank=True, default=list, db_default=Value([], models.JSONField()))
    latency_ms = models.FloatField()
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="prediction_mode_known"),
            models.CheckConstraint(condition=Q(decision__in=Decision.values), name="prediction_decision_known"),
            models.CheckConstraint(condition=Q(decimal__in=["", *Decimal.values]), name="prediction_decimal_known"),
            models.CheckConstraint(condition=Q(text__regex=DIGITS_PATTERN), name="prediction_text_is_digits"),
            models.CheckConstraint(
                condition=Q(confidence__gte=0) & Q(confidence__lte=1),
                name="prediction_confidence_is_probability",
            ),
            models.CheckConstraint(
                condition=Q(decision=Decision.REJECTED, text="") | (~Q(decision=Decision.REJECTED) & ~Q(text="")),
                name="prediction_text_empty_only_when_rejected",
            ),
            models.UniqueConstraint("upload", condition=Q(is_current=True), name="prediction_one_current_per_upload"),
        ]
        indexes = [
            # The predictions of an upload. The table of a batch is put in order, filtered and searched in the index
            # alone, and the errors to expect are counted there.
            models.Index(
                fields=["upload", "is_current", "decision", "stream", "confidence", "text"], name="prediction_of_batch"
            ),
            # The unsure predictions, counted in the index alone.
            models.Index(
                fields=["owner", "upload"],
                name="prediction_unsure",
                condition=Q(is_current=True, decision=Decision.UNSURE),
            ),
            # The history and its cursor, without a filter, with a filter on the text, and on the decision.
            models.Index(fields=["owner", "-given_at", "-id"], name="prediction_history", condition=Q(is_current=True)),
            models.Index(
                fields=["owner", "text", "-given_at", "-id"], name="prediction_by_text", condition=Q(is_current=True)
            ),
            models.Index(
                fields=["owner", "decision", "-given_at", "-id"],
                name="prediction_by_decision",
                condition=Q(is_current=True),
            ),
            # The admin's list of all predictions.
            models.Index(fields=["given_at", "id"], name="prediction_newest"),
            # The review queue, the least confident first.
            models.Index(
                fields=["owner", "confidence", "id"], name="prediction_by_confidence", condition=Q(is_current=True)
            ),
            # The predictions of a preset: its history, and what its deletion has to change.
            models.Index(
                fields=["preset", "-given_at", "-id"],
                name="prediction_by_preset",
                condition=Q(preset__isnull=False),
            ),
            # What was sure in a stream between two times, which goes into review after a broken promise.
            models.Index(
                fields=["stream", "given_at", "id"], name="prediction_of_stream", condition=Q(stream__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.written or self.get_decision_display()

    @property
    def written(self) -> str:
        """Return the number as it stands, signs included; lines are joined by line feeds."""
        return self.signed_text or self.text

    @property
    def value(self) -> str | None:
        """Return the decimal string that the written form means, or None."""
        return find_value(self.written, self.decimal_rule)


class Glyph(ImmutableModel):
    """Digit found in the picture. It never changes."""

    prediction = models.ForeignKey(Prediction, models.CASCADE, related_name="glyphs")
    position = models.PositiveSmallIntegerField()
    x = models.PositiveIntegerField()
    y = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    input = models.BinaryField(max_length=784)  # 28 rows of 28 bytes, ink is 255
    digit = models.PositiveSmallIntegerField()
    confidence = models.FloatField()
    probabilities = models.JSONField()  # ten, sum 1

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["prediction", "position"], name="glyph_position_unique"),
            models.CheckConstraint(condition=Q(digit__gte=0) & Q(digit__lte=9), name="glyph_digit_0_to_9"),
            models.CheckConstraint(
                condition=Q(confidence__gte=0) & Q(confidence__lte=1), name="glyph_confidence_is_probability"
            ),
        ]

    def __str__(self) -> str:
        return str(self.digit)

    @property
    def box(self) -> Box:
        return Box(self.x, self.y, self.width, self.height)


def feature_map_path(feature_map: "FeatureMap", filename: str) -> str:
    glyph = feature_map.glyph_id
    return f"feature-maps/{glyph.hex[:2]}/{glyph}/{feature_map.layer}.png"


class FeatureMap(UUIDModel):
    """Picture of one layer's activations for one glyph. It has no file until its prediction's job has drawn it."""

    glyph = models.ForeignKey(Glyph, models.CASCADE, related_name="feature_maps")
    layer = models.CharField(max_length=64)
    position = models.PositiveSmallIntegerField(help_text=_("Position of the layer in the network."))
    kind = models.CharField(max_length=8, help_text=_("Type of the layer: conv or pool."))
    height = models.PositiveSmallIntegerField(help_text=_("Height of one map, in cells."))
    width = models.PositiveSmallIntegerField()
    channels = models.PositiveSmallIntegerField()
    columns = models.PositiveSmallIntegerField(null=True, help_text=_("Number of tiles in a row of the mosaic."))
    low = models.FloatField(null=True, help_text=_("The activation at the dark end of the colour scale."))
    high = models.FloatField(null=True)
    image = models.FileField(upload_to=feature_map_path, max_length=200, blank=True)
    bytes = models.IntegerField(default=0, db_default=0, editable=False, help_text=_("Size of the file."))
    drawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["glyph", "layer"], name="feature_map_one_per_glyph_and_layer"),
            models.CheckConstraint(
                condition=Q(image="", drawn_at__isnull=True) | (~Q(image="") & Q(drawn_at__isnull=False)),
                name="feature_map_drawn_exactly_with_file",
            ),
        ]

    def __str__(self) -> str:
        return self.layer
