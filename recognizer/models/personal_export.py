from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel
from recognizer.models.job import Job


class ExportState(models.TextChoices):
    RUNNING = "running", _("running")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")


class PersonalExport(UUIDModel):
    """One ZIP file of all data of a person. Its job writes it in parts; it is removed when it expires.

    A person has one at most. Its state follows from its job.
    """

    State = ExportState

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="personal_export")
    job = models.OneToOneField(Job, models.CASCADE, related_name="personal_export")
    account = models.JSONField(help_text=_("The account when the export was requested, as it is in the file."))
    position = models.JSONField(default=dict, help_text=_("Where the next part begins."))
    bytes = models.PositiveBigIntegerField(default=0, help_text=_("Size of the parts."))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"export of {self.owner_id}"

    @property
    def state(self) -> ExportState:
        if self.finished_at:
            return ExportState.READY
        return ExportState.FAILED if self.job.state == Job.State.FAILED else ExportState.RUNNING


def part_path(part: "ExportPart", filename: str) -> str:
    # Two runs of a job may write a part at the same time, so its number does not name the file.
    return f"{export_folder(part.export_id)}/{part.pk}"


def export_folder(export_id: UUID) -> str:
    return f"exports/{export_id.hex[:2]}/{export_id}"


class ExportPart(UUIDModel):
    """A part of the ZIP file: members, and then the entries of these members in the file's directory."""

    export = models.ForeignKey(PersonalExport, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    file = models.FileField(upload_to=part_path, max_length=200)
    data_bytes = models.PositiveBigIntegerField()
    directory_bytes = models.PositiveBigIntegerField()
    members = models.PositiveIntegerField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="export_part_number_unique")]

    def __str__(self) -> str:
        return f"part {self.number}"
