from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel
from recognizer.models.job import Job
from recognizer.models.model_version import ModelVersion


class TrainingOutcome(models.TextChoices):
    OPEN = "open", _("open")
    CANDIDATE = "candidate", _("ended with a candidate")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class Training(UUIDModel):
    """One training of a candidate from the active model, with pictures that people confirmed or corrected.

    While it is open, its job says whether it waits or runs. At most one is open. Pictures are counted, not named.
    """

    Outcome = TrainingOutcome

    number = models.PositiveIntegerField(unique=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", help_text=_("Empty for a command.")
    )
    job = models.OneToOneField(Job, models.SET_NULL, null=True, related_name="training")
    base = models.ForeignKey(ModelVersion, models.PROTECT, related_name="trainings_from")
    candidate = models.OneToOneField(ModelVersion, models.SET_NULL, null=True, related_name="training")
    outcome = models.CharField(max_length=9, choices=TrainingOutcome, default=TrainingOutcome.OPEN)
    error = models.TextField(blank=True)
    stage = models.CharField(max_length=40, blank=True)
    stages = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text=_("Names of the stages that any run of it has reached."),
    )
    stage_done = models.FloatField(default=0, help_text=_("Share of the stage, 0 to 1."))
    seconds_left = models.FloatField(null=True)
    epochs = models.JSONField(default=list, help_text=_("Figures of the complete epochs: the learning curves."))
    pictures = models.JSONField(default=dict, help_text=_("How many digits, pictures and people it learnt from."))
    held_back = models.JSONField(null=True, help_text=_("Both models on digits that it did not learn from."))
    created_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=TrainingOutcome.values), name="training_outcome_known"),
            models.UniqueConstraint("outcome", condition=Q(outcome=TrainingOutcome.OPEN), name="training_one_open"),
        ]

    def __str__(self) -> str:
        return f"training {self.number}"

    @property
    def is_open(self) -> bool:
        return self.outcome == TrainingOutcome.OPEN

    @property
    def is_running(self) -> bool:
        return self.is_open and self.job is not None and self.job.state == Job.State.RUNNING
