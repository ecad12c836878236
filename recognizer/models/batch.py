from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel
from recognizer.models.natural_order import NaturalKeyField
from recognizer.models.prediction import Decimal, ExpectedMixin, Mode


class Batch(ExpectedMixin, UUIDModel):
    """A set of files given together. Its progress follows from the states of its items."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="batches")
    name = models.CharField(max_length=200, blank=True)
    note = models.TextField(max_length=2000, blank=True, default="", db_default="")
    mode = models.CharField(max_length=6, choices=Mode, default=Mode.AUTO)
    decimal = models.CharField(max_length=5, choices=Decimal, blank=True, default="", db_default="")
    preset = models.ForeignKey(
        "recognizer.Preset", models.SET_NULL, null=True, blank=True, db_index=False, related_name="batches"
    )
    expected = models.JSONField(null=True, blank=True, help_text=_("What is expected of the numbers."))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(
        null=True, help_text=_("Time when the batch was complete. An open batch accepts more files.")
    )
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = _("batches")
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="batch_owner_newest"),
            models.Index(fields=["preset"], name="batch_by_preset", condition=Q(preset__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="batch_mode_known"),
            models.CheckConstraint(condition=Q(decimal__in=["", *Decimal.values]), name="batch_decimal_known"),
        ]

    def __str__(self) -> str:
        if self.name:
            return self.name
        return gettext("Batch of %s") % date_format(timezone.localtime(self.created_at), "j M Y, H:i")


class ItemState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


def staged_path(item: "BatchItem", filename: str) -> str:
    if not item.page:
        return f"batches/{item.batch_id}/{item.pk}"
    # Page 1 has the key of its document, which two runs may open at once. One without the lease deletes its own file.
    return f"batches/{item.batch_id}/pages/{item.pk}/{uuid4()}"


class BatchItem(UUIDModel):
    """One file of a batch: staged first, then read into an upload or failed with an error code."""

    State = ItemState

    # Without an index of its own: `batch_item_uploads` serves it.
    batch = models.ForeignKey(Batch, models.CASCADE, db_index=False, related_name="items")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    page = models.PositiveSmallIntegerField(null=True, help_text=_("The page of a document that this picture is."))
    pages_opened = models.PositiveSmallIntegerField(
        null=True, help_text=_("Of a document: how many of its pages are files of the batch already.")
    )
    sort_key = NaturalKeyField(of="name")
    staged = models.FileField(upload_to=staged_path, max_length=200, blank=True)
    bytes = models.IntegerField(
        default=0, db_default=0, editable=False, help_text=_("Bytes of the row and of the staged file.")
    )
    state = models.CharField(max_length=9, choices=ItemState, default=ItemState.WAITING)
    error_code = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    upload = models.OneToOneField("recognizer.Upload", models.SET_NULL, null=True, related_name="batch_item")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="batch_item_position_unique"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="batch_item_state_known"),
        ]
        indexes = [
            models.Index(fields=["batch", "state"], name="batch_item_by_state"),
            models.Index(fields=["batch", "upload"], name="batch_item_uploads"),
            # The table of a batch.
            models.Index(fields=["batch", "sort_key", "position"], name="batch_item_by_name"),
        ]

    def __str__(self) -> str:
        return self.name
