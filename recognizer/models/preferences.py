from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recognizer.models.prediction import Decimal, DecimalMarkMixin


class Preferences(DecimalMarkMixin, models.Model):
    """Choices of an account that its readings follow. An account without a row has made none."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    decimal = models.CharField(max_length=5, choices=Decimal, blank=True, default="", db_default="")
    pictures_kept_days = models.PositiveIntegerField(
        null=True, help_text=_("Pictures are removed after so many days, and their readings stay. Empty: never.")
    )
    training_consent = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_("True while models may be trained with the pictures that the person confirmed or corrected."),
    )

    trainers_may_look = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_("True while trainers may look at the pictures and the answers to them."),
    )

    class Meta:
        verbose_name_plural = "preferences"
        constraints = [
            models.CheckConstraint(condition=Q(decimal__in=["", *Decimal.values]), name="preferences_decimal_known")
        ]

    def __str__(self) -> str:
        return self.get_decimal_display()
