from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import ImmutableModel, UUIDModel
from recognizer.models.prediction import DIGITS_PATTERN, MAX_TEXT, MAX_WRITTEN


class Source(models.TextChoices):
    UPLOAD = "upload", _("upload")
    DRAWING = "drawing", _("drawing")
    CAMERA = "camera", _("camera")
    PASTE = "paste", _("paste")
    API = "api", _("API")
    BATCH = "batch", _("batch")


def original_path(upload: "Upload", filename: str) -> str:
    return f"uploads/{upload.pk.hex[:2]}/{upload.pk}/original.{upload.format.lower()}"


def picture_path(upload: "Upload", filename: str) -> str:
    return f"uploads/{upload.pk.hex[:2]}/{upload.pk}/picture.jpg"


def thumbnail_path(upload: "Upload", filename: str) -> str:
    return f"uploads/{upload.pk.hex[:2]}/{upload.pk}/thumbnail.jpg"


class Upload(UUIDModel):
    """Picture that a person uploaded. A deleted one can be restored for a while and is then purged with its files."""

    Source = Source

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    source = models.CharField(max_length=10, choices=Source)
    name = models.CharField(max_length=200, blank=True, help_text=_("Name of the file that the owner sent."))
    original = models.FileField(upload_to=original_path, max_length=200)
    picture = models.FileField(
        upload_to=picture_path,
        max_length=200,
        blank=True,
        help_text=_("Upright JPEG without metadata, created on first view."),
    )
    thumbnail = models.FileField(
        upload_to=thumbnail_path,
        max_length=200,
        blank=True,
        help_text=_("Small JPEG, created on first view or with its batch."),
    )
    sha256 = models.CharField(max_length=64, help_text=_("SHA-256 of the original bytes."))
    format = models.CharField(max_length=8)
    bytes = models.PositiveIntegerField()
    # Without a CHECK constraint: PostgreSQL would read the whole table to add it. The default of the database serves
    # processes of an older release, which run until the end of an update.
    derived_bytes = models.BigIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text=_("Bytes stored beside the original: strokes, pictures, predictions, feature maps and corrections."),
    )
    width = models.PositiveIntegerField(help_text=_("Width of the original after its EXIF rotation, in pixels."))
    height = models.PositiveIntegerField()
    strokes = models.JSONField(null=True, blank=True, help_text=_("Points of a drawing with time and pressure."))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(source__in=Source.values), name="upload_source_known"),
        ]
        indexes = [
            # An owner's uploads.
            models.Index(fields=["owner", "-created_at"], name="upload_owner_newest"),
            # The search in file names, which scans all of an owner's names and reads nothing else.
            models.Index(fields=["owner", "name", "id"], name="upload_by_name"),
            # The admin's list of all uploads.
            models.Index(fields=["created_at", "id"], name="upload_newest"),
            # An owner's deleted uploads, to restore or to purge for new ones.
            models.Index(
                fields=["owner", "-deleted_at", "-id"],
                name="upload_owner_deleted",
                condition=Q(deleted_at__isnull=False),
            ),
            # The uploads whose picture was removed, and whose answer stays: they are not reviewed.
            models.Index(fields=["owner", "id"], name="upload_without_picture", condition=Q(original="")),
            # The purge of uploads that were deleted long ago.
            models.Index(fields=["deleted_at"], name="upload_deleted", condition=Q(deleted_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name or str(self.pk)

    @property
    def stored_bytes(self) -> int:
        """Return all bytes that are stored because of this upload."""
        return self.bytes + self.derived_bytes

    @property
    def kept_until(self) -> datetime | None:
        """Return the time when the purge may remove a deleted upload; None if it is not deleted."""
        return self.deleted_at and self.deleted_at + timedelta(days=settings.DELETED_UPLOADS_KEPT_DAYS)


class CorrectionKind(models.TextChoices):
    CONFIRM = "confirm", _("confirmed")
    CORRECT = "correct", _("corrected")
    NOT_A_DIGIT = "not_a_digit", _("no digit")
    UNDO = "undo", _("undone")


CHANGED_KINDS = (CorrectionKind.CORRECT, CorrectionKind.NOT_A_DIGIT)  # they change the answer
REVIEWED_KINDS = (CorrectionKind.CONFIRM, *CHANGED_KINDS)
NUMBER_KINDS = (CorrectionKind.CONFIRM, CorrectionKind.CORRECT)  # they say which number it is


class Correction(ImmutableModel):
    """Statement of a person about an upload, valid for all its predictions. The newest counts; undo appends a row."""

    Kind = CorrectionKind

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="corrections")
    prediction = models.ForeignKey(
        "recognizer.Prediction",
        models.CASCADE,
        related_name="corrections",
        help_text=_("Prediction that was shown when the correction was entered."),
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="corrections")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    kind = models.CharField(max_length=12, choices=CorrectionKind)
    text = models.CharField(max_length=MAX_TEXT, blank=True, help_text=_("Digits; several lines have line feeds."))
    signed_text = models.CharField(
        max_length=MAX_WRITTEN,
        blank=True,
        default="",
        db_default="",
        help_text=_("The text with its signs. Empty if it has none."),
    )
    # [{"box": [x, y, width, height], "label": "7"}]; an empty label is "not a digit". Signs and line feeds are the
    # `before` of the box that they precede, and the `after` of the last one.
    boxes = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=CorrectionKind.values), name="correction_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind=CorrectionKind.NOT_A_DIGIT) | Q(text=""),
                name="correction_not_a_digit_has_no_text",
            ),
            models.CheckConstraint(condition=Q(text__regex=DIGITS_PATTERN), name="correction_text_is_digits"),
        ]
        # The newest correction of an upload.
        indexes = [models.Index(fields=["upload", "-created_at", "-id"], name="correction_of_upload")]

    def __str__(self) -> str:
        return f"{self.kind} {self.written}".strip()

    @property
    def written(self) -> str:
        """Return the number as it stands, signs included; lines are joined by line feeds."""
        return self.signed_text or self.text
