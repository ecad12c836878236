from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel


class JobKind(models.TextChoices):
    FEATURE_MAPS = "feature_maps", _("draw feature maps")
    BATCH_CHUNK = "batch_chunk", _("read a part of a batch")
    RESCORE = "rescore", _("read again")
    ACCOUNT_DELETION = "account_deletion", _("delete an account")
    PERSONAL_EXPORT = "personal_export", _("write a personal export")
    MAIL = "mail", _("send an email")
    TABLE_EXPORT = "table_export", _("write a table")
    TRAINING = "training", _("train a model")


class JobState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class Job(UUIDModel):
    """One piece of background work. Its state is stored here and nowhere else.

        waiting ──claim──▶ running ──▶ done
           ▲                  │
           └──lease expired───┴──▶ failed   (after three attempts, with the reason)

    A claim is a conditional update that sets the lease. Only a run that still holds the lease can finish the job.
    """

    Kind = JobKind
    State = JobState
    OWNER = "batch__owner"  # the lookup of the account that has asked for much work

    kind = models.CharField(max_length=16, choices=JobKind)
    state = models.CharField(max_length=8, choices=JobState, default=JobState.WAITING)
    prediction = models.ForeignKey("recognizer.Prediction", models.CASCADE, null=True, related_name="jobs")
    batch = models.ForeignKey("recognizer.Batch", models.CASCADE, null=True, related_name="jobs")
    payload = models.JSONField(default=dict)
    queue = models.CharField(max_length=100)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_id = models.UUIDField(null=True, help_text=_("Identifies the run that holds the lease."))
    lease_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    request = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        help_text=_("Id of the request that has asked for the job, which its log lines carry."),
    )
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    enqueued_at = models.DateTimeField(null=True, help_text=_("Time when the job was last put on the queue."))
    not_before = models.DateTimeField(null=True, help_text=_("Time until which the sweeper leaves the job alone."))
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=JobKind.values), name="job_kind_known"),
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(
                condition=~Q(state=JobState.RUNNING) | Q(lease_until__isnull=False, lease_id__isnull=False),
                name="job_running_has_lease",
            ),
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="job_done_within_total"),
            models.UniqueConstraint(
                "prediction",
                condition=Q(kind=JobKind.FEATURE_MAPS),
                name="job_one_for_the_maps_of_a_prediction",
            ),
        ]
        indexes = [
            # The sweeper looks for unfinished jobs, and nearly all rows are finished.
            models.Index(
                fields=["state", "created_at"], name="job_unfinished", condition=Q(state__in=["waiting", "running"])
            ),
            models.Index(fields=["state", "-finished_at"], name="job_by_state"),
            # The purge looks for old jobs, and nearly all rows belong to a prediction or a batch.
            models.Index(fields=["finished_at"], name="job_unowned", condition=Q(prediction=None, batch=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def references(self) -> dict[str, UUID | None]:
        """Return the foreign keys that name what the job works on, as arguments for another job."""
        return {"prediction_id": self.prediction_id, "batch_id": self.batch_id}
