from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel


class Notice(UUIDModel):
    """One message of the product to a person. Its text is that of its kind (`recognizer.words.notices`) with values."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=40)
    values = models.JSONField(default=dict, help_text=_("What the text of the kind is filled with."))
    link = models.CharField(max_length=200, blank=True, help_text=_("Path of the page that the notice is about."))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="notice_owner_newest"),
            # The number of unread notices, which every page shows.
            models.Index(fields=["owner"], name="notice_unread", condition=Q(read_at=None)),
            # The purge.
            models.Index(fields=["created_at"], name="notice_oldest"),
        ]

    def __str__(self) -> str:
        return self.kind
