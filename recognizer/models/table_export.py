from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel
from recognizer.models.batch import Batch
from recognizer.models.job import Job
from recognizer.models.personal_export import ExportState, export_folder


def table_path(export: "TableExport", filename: str) -> str:
    # Each run has a name of its own: one that has lost its lease removes its file without touching that of the other.
    return f"{export_folder(export.pk)}/{uuid4()}.xlsx"


class TableExport(UUIDModel):
    """An XLSX file of a batch or of selected pictures. Its job writes it; it is removed when it expires.

    Its state follows from its job.
    """

    State = ExportState

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="table_exports")
    job = models.OneToOneField(Job, models.CASCADE, related_name="table_export")
    batch = models.ForeignKey(Batch, models.CASCADE, null=True, related_name="table_exports")
    # Of the history: {"query": "the filters of the list"}, or {"uploads": ["key", …]}
    selection = models.JSONField(default=dict)
    title = models.CharField(max_length=200, help_text=_("The file is named after it."))
    site = models.CharField(max_length=200, help_text=_("Address of the pages that the file links to."))
    time_zone = models.CharField(max_length=100, help_text=_("Time zone in which the filters name days."))
    file = models.FileField(upload_to=table_path, max_length=200, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["owner", "-created_at"], name="table_export_owner_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> ExportState:
        if self.finished_at:
            return ExportState.READY
        return ExportState.FAILED if self.job.state == Job.State.FAILED else ExportState.RUNNING
