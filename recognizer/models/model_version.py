from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel

TRAINER = "recognizer.trainer"  # the permission of `Meta.permissions` below, as Django writes it
MODELS_FOLDER = "models"  # of the storage; every file in it belongs to a version


class ModelState(models.TextChoices):
    CANDIDATE = "candidate", _("candidate")
    ACTIVE = "active", _("active")
    RETIRED = "retired", _("retired")


class ModelVersion(UUIDModel):
    """One trained model: a folder of files, identified by the SHA-256 of its card, which lists their digests."""

    State = ModelState

    version = models.SlugField(max_length=60, unique=True)
    state = models.CharField(max_length=9, choices=ModelState, default=ModelState.CANDIDATE)
    digest = models.CharField(max_length=64, unique=True, help_text=_("SHA-256 of card.json when it was registered."))
    folder = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text=_("Of its files in the storage, below models/. Empty: the name of the version."),
    )
    shipped = models.BooleanField(default=False, help_text=_("True for a model that came with the software."))
    card = models.JSONField()
    title = models.CharField(max_length=60, blank=True, default="", db_default="")
    note = models.TextField(max_length=1_000, blank=True, default="", db_default="")
    gate = models.JSONField(null=True, help_text=_("Its comparison with the model that was active then."))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    activated_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("trainer", "Can train, promote and take back models")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ModelState.values), name="model_version_state_known"),
            models.UniqueConstraint("state", condition=Q(state=ModelState.ACTIVE), name="model_version_one_active"),
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def stored_folder(self) -> str:
        """Return the folder of its files in the storage."""
        return f"{MODELS_FOLDER}/{self.folder or self.version}"


class ModelEventKind(models.TextChoices):
    UPLOADED = "uploaded", _("uploaded")
    DOWNLOADED = "downloaded", _("downloaded")
    TITLED = "titled", _("given another title")
    NOTED = "noted", _("given another note")
    RETIRED = "retired", _("retired")


class ModelEvent(UUIDModel):
    """One change of a model version, or one download: when, by whom, and the new words. Promotions are other rows."""

    Kind = ModelEventKind

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=ModelEventKind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ModelEventKind.values), name="model_event_kind_known")
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.kind} at {self.at:%Y-%m-%d %H:%M}"


class Promotion(UUIDModel):
    """One activation of a model version: when, by whom, and instead of which version."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="promotions")
    previous = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, help_text=_("Empty for a command or a start.")
    )
    reason = models.CharField(max_length=200, blank=True, help_text=_("Why the gate was overruled, if it was."))
    at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    def __str__(self) -> str:
        return f"{self.version} at {self.at:%Y-%m-%d %H:%M}"
