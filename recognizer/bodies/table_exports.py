"""The body of a table export: an XLSX file that a job writes."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from django.urls import reverse

from recognizer.bodies.answers import Absolute
from recognizer.bodies.plain import About, Body, Moment, choice, url
from recognizer.models import TableExport

EXPORT_ID = "d2a5c7f1-4b0e-4e63-8a39-7c1f0b9e2d64"
EXPORT_PATH = f"/exports/{EXPORT_ID}/"


@dataclass(frozen=True, slots=True)
class TableExportBody(Body):
    """An XLSX file of a batch, and how far it is written."""

    id: Annotated[UUID, About(example=EXPORT_ID)]
    url: Annotated[str, url(EXPORT_PATH)]
    state: Annotated[str, choice(*TableExport.State.values, example="ready")]
    bytes: Annotated[int, About("The size of the file; it counts as stored.", example=34567)]
    created_at: Moment
    finished_at: Moment | None
    expires_at: Annotated[Moment, About("The time when the file is removed.")]
    file_url: Annotated[str | None, url(f"{EXPORT_PATH}file/", "The XLSX file, once it is ready.")]


def table_export_body(export: TableExport, absolute: Absolute) -> TableExportBody:
    state = export.state
    return TableExportBody(
        id=export.pk,
        url=absolute(reverse("api:table-export", args=[export.pk])),
        state=state.value,
        bytes=export.bytes,
        created_at=export.created_at,
        finished_at=export.finished_at,
        expires_at=export.expires_at,
        file_url=absolute(reverse("api:table-export-file", args=[export.pk]))
        if state == TableExport.State.READY
        else None,
    )
