from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel


class Scope(models.TextChoices):
    READ = "read", _("read")
    WRITE = "write", _("read and write")


class ApiToken(UUIDModel):
    """Token that a program sends instead of a password. Only its digest is stored; 256 random bits need no salt."""

    Scope = Scope

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=5, choices=Scope, default=Scope.WRITE)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Time of the last use, precise to one minute.")
    )

    class Meta:
        verbose_name = _("API token")
        constraints = [models.CheckConstraint(condition=Q(scope__in=Scope.values), name="api_token_scope_known")]
        indexes = [models.Index(fields=["user", "-created_at"], name="api_token_owner_newest")]

    def __str__(self) -> str:
        return self.name


class Usage(models.Model):
    """Number of the pictures that a person stores, and the bytes of these and of everything made from them.

    The quota reads this row instead of adding up a million others. It is updated whenever something is stored or
    removed, and `recount_usage` corrects it.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    pictures = models.PositiveIntegerField()
    bytes = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.pictures} pictures, {self.bytes} bytes"


class IdempotencyRecord(UUIDModel):
    """Response to a creation with an Idempotency-Key. Without a status the request is still running."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text=_("SHA-256 of the picture's SHA-256 and the parameters."))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_unique_per_user")]
        # The purge of old records.
        indexes = [models.Index(fields=["created_at"], name="idempotency_oldest")]

    def __str__(self) -> str:
        return self.key
