"""Documents of a batch: a worker opens them, and each of their pages becomes a file of the batch.

    row of the document ──pages 2, 3, …──▶ a row for each, read by jobs of their own
                        └──page 1, last──▶ the row itself becomes page 1

A job opens as many pages as its time allows, and is then queued again; the row counts the opened pages. So a kill at
any moment loses and doubles no page. The row keeps its key, by which a watched folder knows the file.
"""

import time
from uuid import UUID, uuid5

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Max

from mlcore.documents.limits import CPU_SECONDS
from mlcore.documents.rendering import Page, Rendering
from mlcore.reading.files.errors import PictureError
from recognizer.models import Batch, BatchItem, Job
from recognizer.problems import Problem
from recognizer.services.batches.chunks import enqueue_chunks, read_chunk, waiting_items
from recognizer.services.batches.intake import MAX_ITEMS
from recognizer.services.space.cleanup import NewFile, delete_files_on_error
from recognizer.services.space.disk import require_disk_space
from recognizer.services.space.purge import delete_files_on_commit
from recognizer.services.space.quotas import add_bytes
from recognizer.services.space.reservation import reserve_space
from recognizer.services.space.sizes import ITEM_BYTES
from recognizer.services.work import runs

REFUSALS = ("quota_exceeded", "too_many_files", "account_deletion")  # they end a document; other problems pass


def page_key(document: UUID, page: int) -> UUID:
    """Return the key of a page's item. It follows from the document's, so that the pages of a document are known."""
    return document if page == 1 else uuid5(document, str(page))


def document_pages(first: BatchItem) -> list[BatchItem]:
    """Return the items of the pages of a document in their order, given that of page 1, which is opened last."""
    others = BatchItem.objects.filter(batch=first.batch_id, name=first.name, page__gt=1).order_by("page")
    return [first, *(item for item in others if item.pk == page_key(first.pk, item.page or 0))]


def run_chunk(job: Job) -> None:
    """Open the document of a job, or read its pictures."""
    document = waiting_items(job).exclude(pages_opened=None).select_related("batch").first()
    if document:
        open_document(job, document)
    else:
        read_chunk(job)


def open_document(job: Job, document: BatchItem) -> None:
    """Open the next pages of a document. It fails with a code if it cannot be opened."""
    require_disk_space()
    # The kernel kills the child at its limit, in the middle of a page.
    ends_at = time.monotonic() + min(settings.JOB_SOFT_LIMIT_SECONDS, CPU_SECONDS) / 2
    with document.staged.open("rb") as file:
        data = file.read()
    error_code, is_finished = "", False
    try:
        with delete_files_on_error() as stored:
            items: list[BatchItem] = []
            with Rendering(data, first=max(document.pages_opened or 0, 1) + 1) as rendering:
                if rendering.pages > MAX_ITEMS:
                    raise Problem("too_many_files")
                try:
                    for page in rendering:
                        items.append(stage_page(document, page, stored))
                        if time.monotonic() > ends_at:
                            break
                except (PictureError, SoftTimeLimitExceeded):
                    if not items:
                        raise
                    # The page at which it happened begins the next part, with all of the time for itself.
            save_pages(job, document, items, stored)
            is_finished = items[-1].page == 1
    except PictureError as error:
        error_code = error.code
    except Problem as problem:
        if problem.code not in REFUSALS:
            raise
        error_code = problem.code
    if error_code:
        fail_document(job, error_code)
    elif not is_finished:
        runs.continue_now(job)


def stage_page(document: BatchItem, page: Page, stored: list[NewFile]) -> BatchItem:
    """Return the unsaved item of a page, whose picture is stored. Page 1 has the key of the document."""
    item = BatchItem(batch=document.batch, name=document.name, page=page.number, error_code=page.error_code)
    item.pk = page_key(document.pk, page.number)
    if page.number == 1:
        item.position = document.position
    item.bytes = ITEM_BYTES + len(page.png)
    if page.error_code:
        item.state = BatchItem.State.FAILED
    else:
        stored.append(item.staged)
        item.staged.save("page", ContentFile(page.png), save=False)
    return item


def save_pages(job: Job, document: BatchItem, items: list[BatchItem], stored: list[NewFile]) -> None:
    """Save the items of pages with the jobs that read them, unless the document was cancelled in the meantime."""
    first = next((item for item in items if item.page == 1), None)
    others = [item for item in items if item is not first]
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=document.batch_id)
        if batch.items.count() + len(others) > MAX_ITEMS:
            raise Problem("too_many_files")
        readable = [item for item in items if item.staged]
        reserve_space(
            batch.owner_id,
            pictures=sum(bool(item.staged) for item in others),
            size=sum(item.bytes for item in others),
        )
        if first:
            with runs.finish_job(job):
                replace_by_page(document, first)
        else:
            require_lease(job)
            opened = BatchItem.objects.filter(pk=document.pk, state=BatchItem.State.WAITING)
            if not opened.update(pages_opened=max(item.page or 0 for item in others)):
                raise runs.LeaseLost
        last = batch.items.aggregate(last=Max("position"))["last"]
        for position, item in enumerate(others, last + 1):
            item.position = position
        BatchItem.objects.bulk_create(others)
        enqueue_chunks(batch, readable)
        stored.clear()


def require_lease(job: Job) -> None:
    """Lock the row of the job. Raise LeaseLost if this run no longer holds its lease."""
    if not list(runs.leased_row(job).select_for_update()):
        raise runs.LeaseLost


def replace_by_page(document: BatchItem, page: BatchItem) -> None:
    """Let the row of a document be its first page. The document is removed after the commit."""
    waiting = BatchItem.objects.filter(pk=document.pk, state=BatchItem.State.WAITING)
    changed = waiting.update(
        page=page.page,
        pages_opened=None,
        staged=page.staged.name or "",
        bytes=page.bytes,
        state=page.state,
        error_code=page.error_code,
    )
    if not changed:
        raise runs.LeaseLost
    add_bytes(document.batch.owner_id, page.bytes - document.bytes, pictures=0 if page.staged else -1)
    delete_files_on_commit([document.staged.name])


def fail_document(job: Job, error_code: str) -> None:
    """Let the document fail. Its file is kept for a while, so that it can be tried again."""
    with runs.finish_job(job):
        waiting_items(job).update(state=BatchItem.State.FAILED, error_code=error_code, attempts=job.attempts)
