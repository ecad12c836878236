"""Table exports: XLSX files of a batch or of selected pictures. A job writes each one; it is removed when it expires.

Transactions lock the usage of the account before the job, in the order of the other services.
"""

import tempfile
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.core.files.base import File
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from recognizer.models import Batch, Job, Prediction, TableExport
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.filters import HistoryFilter
from recognizer.services.account_state import require_open_account
from recognizer.services.batches.results import batch_rows
from recognizer.services.batches.table import ordered_items
from recognizer.services.exports.exports import history_rows
from recognizer.services.exports.spreadsheets import write_workbook
from recognizer.services.exports.summaries import summarize
from recognizer.services.security_log import Event, log_event
from recognizer.services.space.cleanup import delete_files_on_error
from recognizer.services.space.disk import require_disk_space
from recognizer.services.space.purge import delete_files_on_commit
from recognizer.services.space.quotas import add_bytes, free_space, lock_usage
from recognizer.services.work import jobs, runs
from recognizer.services.work.queues import INTERACTIVE

KEPT = timedelta(days=1)
MAX_KEPT = 10  # of one account
MAX_PICTURES = 20_000  # that a job writes within half of its time
PURGED_AT_ONCE = 100


def request_table(
    user: User, *, title: str, site: str, batch: Batch | None = None, selection: dict[str, Any] | None = None
) -> TableExport:
    """Queue a file of a batch, or of a selection of the history, and return it.

    A file of the same that is still being written is returned instead, unless it may miss a later correction.
    """
    selection = selection or {}
    require_disk_space()
    if batch is None:
        refuse_too_many(user, selection)
    job = jobs.create_job(Job.Kind.TABLE_EXPORT, INTERACTIVE)
    with transaction.atomic():
        require_open_account(user.pk)
        kept = TableExport.objects.select_related("job").filter(owner=user).order_by("-created_at", "-id")
        waiting = kept.filter(batch=batch, selection=selection, job__state=Job.State.WAITING).first()
        if waiting:
            return waiting
        for old in kept[MAX_KEPT - 1 :]:
            remove_table(old)
        job.save(force_insert=True)
        export = TableExport.objects.create(
            owner=user,
            job=job,
            batch=batch,
            selection=selection,
            title=title[:200],
            site=site[:200],
            time_zone=timezone.get_current_timezone_name(),
            expires_at=timezone.now() + KEPT,
        )
        jobs.enqueue_on_commit([job])
        log_event(Event.HISTORY_EXPORTED, account=user.pk, format="xlsx")
    return export


def refuse_too_many(user: User, selection: dict[str, Any]) -> None:
    rows = selected_predictions(user, selection).order_by().values("pk")
    if rows[: MAX_PICTURES + 1].count() > MAX_PICTURES:
        text = _("Select at most %(count)d pictures for XLSX, or export CSV.")
        raise Problem("invalid", text % {"count": MAX_PICTURES})


def selected_predictions(user: User, selection: dict[str, Any]) -> QuerySet[Prediction]:
    """Return the pictures of a selection: those that the filters of a list show, or those that were ticked."""
    rows = selectors.history_for(user)
    if "query" not in selection:
        return rows.filter(upload__in=[UUID(key) for key in selection["uploads"]])
    filtered = HistoryFilter(QueryDict(selection["query"]), queryset=rows, user=user)
    found: QuerySet[Prediction] = filtered.qs
    return found


def tables_for(user: User) -> QuerySet[TableExport]:
    """Return the exports of the person that have not expired."""
    return TableExport.objects.select_related("job").filter(owner=user.pk, expires_at__gt=timezone.now())


def write_table(job: Job) -> None:
    """Write the file of an export and make it ready."""
    export = TableExport.objects.select_related("owner", "batch").get(job=job)
    require_disk_space()
    with tempfile.TemporaryFile() as file, delete_files_on_error() as stored:
        with timezone.override(ZoneInfo(export.time_zone)):
            batches = [export.batch] if export.batch else []
            write_workbook(file, rows_of(export), summarize(export.owner, export.title, batches))
        size = file.tell()
        file.seek(0)
        stored.append(export.file)
        export.file.save("table", File(file), save=False)
        with transaction.atomic():
            require_open_account(export.owner_id)
            add_bytes(export.owner_id, size)
            with runs.finish_job(job):
                export.bytes, export.finished_at = size, timezone.now()
                export.expires_at = export.finished_at + KEPT
                export.save(update_fields=["file", "bytes", "finished_at", "expires_at"])
            stored.clear()


def rows_of(export: TableExport) -> Any:
    def absolute(path: str) -> str:
        return export.site + path

    if export.batch:
        return batch_rows(ordered_items(export.owner, export.batch), absolute)
    return history_rows(selected_predictions(export.owner, export.selection), absolute)


def remove_table(export: TableExport) -> None:
    """Remove an export with its job. Its file is removed after the commit."""
    with transaction.atomic():
        lock_usage([export.owner_id])
        if not list(Job.objects.select_for_update().filter(pk=export.job_id)):
            return
        export.refresh_from_db()
        free_space(export.owner_id, pictures=0, size=export.bytes)
        Job.objects.filter(pk=export.job_id).delete()
        delete_files_on_commit([export.file.name])


def purge_tables() -> None:
    """Remove exports that have expired."""
    for export in TableExport.objects.filter(expires_at__lt=timezone.now())[:PURGED_AT_ONCE]:
        remove_table(export)
