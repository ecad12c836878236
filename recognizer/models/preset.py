from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from recognizer.models.base import UUIDModel
from recognizer.models.prediction import Mode

MAX_PRESET_NAME = 80


class Preset(UUIDModel):
    """Expectation with a name, kept by an account. Readings that name it use it; stored ones keep what they used."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="presets")
    name = models.CharField(max_length=MAX_PRESET_NAME)
    mode = models.CharField(max_length=6, choices=Mode, default=Mode.AUTO)
    # {"digits": "5", "step": "300"}: texts under the names of mlcore.reading.expectations.expectation_text.FIELDS
    expectation = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="preset_name_unique_per_owner"),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="preset_mode_known"),
            models.CheckConstraint(condition=~Q(name=""), name="preset_has_name"),
        ]

    def __str__(self) -> str:
        return self.name
