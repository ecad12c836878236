"""Personal exports: requested by a person, written by a job in parts, and removed when they expire.

    requested ──▶ part ──▶ part ──▶ … ──▶ ready ──after KEPT──▶ removed

A part is a file with a row, saved in one transaction with the position of the next one. A killed job therefore goes on
after the last part. The directory of the ZIP file is read from the parts when the file is fetched (`personal_file.py`).

Transactions lock the account, then its usage, then the job, in the order of the other services.
"""

import time
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from recognizer.models import ExportPart, Job, PersonalExport
from recognizer.problems import Problem
from recognizer.services.account_state import require_open_account
from recognizer.services.exports.archive import Archive
from recognizer.services.exports.personal_data import Position, count_rows, describe_account, read_chunk
from recognizer.services.people.notices import tell_person
from recognizer.services.security_log import Event, log_event
from recognizer.services.space.cleanup import delete_files_on_error
from recognizer.services.space.disk import require_disk_space
from recognizer.services.space.purge import delete_files_on_commit
from recognizer.services.space.quotas import add_bytes, free_space, lock_usage
from recognizer.services.work import jobs, runs
from recognizer.services.work.queues import BULK
from recognizer.words.notices import EXPORT_FAILED, EXPORT_READY

KEPT = timedelta(days=7)
PART_BYTES = 16 * 1024 * 1024  # a part is held in memory; the last chunk may exceed it
PURGED_AT_ONCE = 100


def request_export(user: User) -> PersonalExport:
    """Return the export that is being written, or queue a new one in place of one that is ready or failed."""
    try:
        with transaction.atomic():
            return _request_export(user)
    except IntegrityError:  # another request was faster
        return PersonalExport.objects.select_related("job").get(owner=user)


def _request_export(user: User) -> PersonalExport:
    require_open_account(user.pk)
    require_disk_space()
    existing = PersonalExport.objects.select_related("job").filter(owner=user).first()
    if existing and existing.state == PersonalExport.State.RUNNING:
        return existing
    if existing:
        remove_export(existing)
    job = jobs.create_job(Job.Kind.PERSONAL_EXPORT, BULK)
    job.save(force_insert=True)
    export = PersonalExport.objects.create(
        owner=user, job=job, account=describe_account(user), expires_at=timezone.now() + KEPT
    )
    jobs.enqueue_on_commit([job])
    log_event(Event.EXPORT_REQUESTED, account=user.pk)
    return export


def export_for(user: User) -> PersonalExport | None:
    """Return the person's export, unless it has expired."""
    exports = PersonalExport.objects.select_related("job").filter(owner=user, expires_at__gt=timezone.now())
    return exports.first()


def write_export(job: Job) -> None:
    """Write as much of an export as fits into one run. The last run makes it ready."""
    ends_at = time.monotonic() + settings.JOB_SOFT_LIMIT_SECONDS / 2
    export = PersonalExport.objects.select_related("owner").get(job=job)
    if not export.position:
        job.total = 1 + count_rows(export.owner)
        runs.leased_row(job).update(total=job.total)
    while write_part(job, export, ends_at):
        if time.monotonic() > ends_at:
            runs.continue_now(job)
            return
    now = timezone.now()
    with runs.finish_job(job):
        PersonalExport.objects.filter(pk=export.pk).update(finished_at=now, expires_at=now + KEPT)
        values = {"expires_at": now + KEPT}
        tell_person(export.owner_id, EXPORT_READY, values=values, link=f"{reverse('account')}#export")


def write_part(job: Job, export: PersonalExport, ends_at: float) -> bool:
    """Write the next part of the export, and return whether anything was left to write."""
    require_disk_space()
    position, rows = Position.from_json(export.position), 0
    archive, data = Archive(data_bytes_of(export)), bytearray()
    while not rows or (len(data) < PART_BYTES and time.monotonic() < ends_at):
        chunk = read_chunk(export.owner, position)
        if chunk is None:
            break
        for member in chunk.members:
            for piece in archive.add(member.name, member.content, compressed=member.is_compressed):
                data += piece
        position, rows = chunk.next, rows + chunk.rows
    if not rows:
        return False
    directory = archive.end_part()
    part = ExportPart(
        export=export,
        number=export.parts.count(),
        data_bytes=len(data),
        directory_bytes=len(directory),
        members=archive.members,
    )
    with delete_files_on_error() as stored:
        stored.append(part.file)
        part.file.save("part", ContentFile(bytes(data + directory)), save=False)
        with transaction.atomic():
            save_part(job, export, part, position, rows)
            stored.clear()
    return True


def data_bytes_of(export: PersonalExport) -> int:
    total: int = export.parts.aggregate(total=Sum("data_bytes", default=0))["total"]
    return total


def save_part(job: Job, export: PersonalExport, part: ExportPart, position: Position, rows: int) -> None:
    """Save a part with the position after it. Raise LeaseLost if another run writes the export."""
    size = part.data_bytes + part.directory_bytes
    job.done = min(job.done + rows, max(0, job.total - 1))
    require_open_account(export.owner_id)
    add_bytes(export.owner_id, size)
    if not runs.leased_row(job).update(done=job.done):
        raise runs.LeaseLost
    part.save(force_insert=True)
    export.position, export.bytes = position.to_json(), export.bytes + size
    export.save(update_fields=["position", "bytes"])


def fail_export(job: Job) -> None:
    """Tell the owner that the export failed for good, and remove its parts after the commit."""
    export = PersonalExport.objects.filter(job=job).first()
    if export is None:
        return

    def remove() -> None:  # in a transaction of its own, which locks the usage before the job
        with transaction.atomic():
            if lock_job(export):
                remove_parts(export)

    transaction.on_commit(remove, robust=True)
    with suppress(Problem):  # the account is being deleted
        tell_person(export.owner_id, EXPORT_FAILED, link=f"{reverse('account')}#export")


def remove_parts(export: PersonalExport) -> None:
    """Remove all parts, so that the export begins again. Their files are removed after the commit."""
    names = list(export.parts.values_list("file", flat=True))
    export.parts.all().delete()
    free_space(export.owner_id, pictures=0, size=export.bytes)
    export.position, export.bytes = {}, 0
    export.save(update_fields=["position", "bytes"])
    delete_files_on_commit(names)


def remove_export(export: PersonalExport) -> None:
    """Remove the export with its job and its files. A run that is under way cannot save its part."""
    with transaction.atomic():
        if lock_job(export):
            remove_parts(export)
            Job.objects.filter(pk=export.job_id).delete()


def lock_job(export: PersonalExport) -> bool:
    """Lock the job of the export, as a run does that saves a part. Return False if both are gone."""
    lock_usage([export.owner_id])
    if not list(Job.objects.select_for_update().filter(pk=export.job_id)):
        return False
    export.refresh_from_db()
    return True


def delete_export(user: User) -> None:
    """Remove the person's export, if there is one."""
    for export in PersonalExport.objects.filter(owner=user):
        remove_export(export)
        log_event(Event.EXPORT_DELETED, account=user.pk)


def purge_exports() -> None:
    """Remove exports that have expired."""
    for export in PersonalExport.objects.filter(expires_at__lt=timezone.now())[:PURGED_AT_ONCE]:
        remove_export(export)
