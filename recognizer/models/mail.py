from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel


class OutgoingMail(UUIDModel):
    """One mail that a job sends. The row is removed once the mail was sent, was refused, or came too late.

    It holds no link and no secret: the worker makes them while it writes the mail (`services/people/mail.py`).
    """

    kind = models.CharField(max_length=40, help_text=_("The template of the mail."))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    address = models.EmailField(
        max_length=254, blank=True, help_text=_("Empty: the verified address that the user has when the mail is sent.")
    )
    context = models.JSONField(default=dict, help_text=_("What the template shows besides links."))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(help_text=_("A mail that could not be sent until then is dropped."))

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mails")

    def __str__(self) -> str:
        return self.kind
