from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel
from recognizer.models.batch import Batch


class ExportLink(UUIDModel):
    """Address of the table of one batch, for spreadsheets that refresh. Whoever knows it may read that table alone.

    Only the digest of its secret is stored; 256 random bits need no salt.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="export_links")
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="export_links")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Time of the last use, precise to one minute.")
    )

    def __str__(self) -> str:
        return f"link to {self.batch_id}"
