"""Many pictures given at once: kept first, then read in chunks by the workers, while more may still be added."""

import errno
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from django.contrib.auth.models import User
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import Count, Max, Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from mlcore.reading.decode import MAX_BYTES
from mlcore.reading.errors import PictureError
from mlcore.reading.header import detect_format
from mlcore.reading.result import Mode
from recognizer.models import Batch, BatchItem, Job, Prediction
from recognizer.pagination import SortOrder, parse_datetime
from recognizer.problems import Problem
from recognizer.queues import BULK
from recognizer.services.batches.archives import shown_name, unpack
from recognizer.services.batches.zip_directory import ZIP_MAX_BYTES
from recognizer.services.space.room import take_space
from recognizer.services.work import jobs

__all__ = ["MAX_ITEMS", "ZIP_MAX_BYTES"]

MAX_ITEMS = 1000
NEWEST_FIRST = SortOrder("created_at", descending=True, parse=parse_datetime)
CHUNK = 20  # pictures a job: enough for one good call of the network, about a second of a worker
HEADERS = ["position", "file", "state", "error", "text", "decision", "confidence", "prediction"]


def new_batch(*, owner: User, name: str = "", mode: Mode = "auto") -> Batch:
    """Not in the database before its first files are: nobody finds a batch without what it was made of."""
    return Batch(owner=owner, name=name[:200], mode=mode)


def create_batch(*, owner: User, name: str = "", mode: Mode = "auto") -> Batch:
    """An empty one, for files that come by and by."""
    batch = new_batch(owner=owner, name=name, mode=mode)
    batch.save(force_insert=True)
    return batch


def add_files(
    batch: Batch,
    files: Iterable[tuple[str, File]] = (),
    archives: Iterable[IO[bytes]] = (),
    *,
    close: bool = False,
    remember: Callable[[], object] | None = None,
) -> list[BatchItem]:
    """Keep the files, and those packed in ZIPs, and have them read. One that is no picture becomes a failed item and
    bothers no other. All rows, and what `remember` writes of them, are one transaction."""
    with staging(batch) as staged:
        for archive in archives:
            staged.add_zip(archive)
        for name, file in files:
            staged.add(name, file)
        with transaction.atomic():
            if batch._state.adding:
                batch.save(force_insert=True)
            add_items(batch, staged.items)
            if close:
                close_batch(batch)
            if remember:
                remember()
    return staged.items


@dataclass
class Staged:
    """Files of a batch that are kept, their rows not yet."""

    batch: Batch
    room: int
    items: list[BatchItem] = field(default_factory=list)

    def add(self, name: str, file: File, error_code: str = "") -> None:
        if len(self.items) == self.room:
            raise Problem("too_many_files")
        item = BatchItem(batch=self.batch, name=shown_name(name), error_code=error_code or refusal(file))
        if item.error_code:
            item.state = BatchItem.State.FAILED
        else:
            item.staged.save("staged", file, save=False)
        self.items.append(item)

    def add_zip(self, archive: IO[bytes]) -> None:
        for member in unpack(archive, most=self.room - len(self.items)):
            self.add(member.name, ContentFile(member.data), member.error)


@contextmanager
def staging(batch: Batch) -> Iterator[Staged]:
    """No file stays behind when its row was not written; a full disk is said in words."""
    staged = Staged(batch, check_room(batch))
    try:
        yield staged
    except BaseException as error:
        for item in staged.items:
            if item.staged.name:
                item.staged.storage.delete(item.staged.name)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Problem("storage_full") from error
        raise


def refusal(file: File) -> str:
    """The code of what is wrong with a file at first sight, or nothing. The reader looks closer."""
    if not file.size:
        return "empty_file"
    if file.size > MAX_BYTES:
        return "file_too_large"
    file.seek(0)
    head = file.read(64)
    file.seek(0)
    try:
        detect_format(head)
    except PictureError as error:
        return error.code
    return ""


def check_room(batch: Batch, more: int = 0) -> int:
    """How many files still fit; raises Problem if it takes no more."""
    if batch.closed_at or batch.cancelled_at:
        raise Problem("conflict", _("This batch is closed. Create a new batch."))
    room = MAX_ITEMS - batch.items.count()
    if more > room:
        raise Problem("too_many_files")
    return room


def add_items(batch: Batch, items: list[BatchItem]) -> None:
    """The rows, and jobs that read them, at once: reading does not wait for the batch to be closed."""
    kept = [item for item in items if item.staged]
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)  # two requests at once take turns
        check_room(batch, len(items))
        last = batch.items.aggregate(last=Max("position"))["last"]
        for position, item in enumerate(items, 0 if last is None else last + 1):
            item.position = position
        take_space(batch.owner_id, pictures=len(kept), size=sum(item.staged.size for item in kept))
        BatchItem.objects.bulk_create(items)
        read_in_chunks(batch, kept)


def read_in_chunks(batch: Batch, items: Sequence[BatchItem]) -> None:
    """Call it inside a transaction."""
    ids = [str(item.pk) for item in items]
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    made = [
        jobs.create_job(Job.Kind.BATCH_CHUNK, BULK, batch=batch, payload={"ids": chunk}, total=len(chunk))
        for chunk in chunks
    ]
    Job.objects.bulk_create(made)
    jobs.enqueue_on_commit(made)


def close_batch(batch: Batch) -> None:
    """It is complete; it takes no more files."""
    batch.closed_at = batch.closed_at or timezone.now()
    batch.save(update_fields=["closed_at"])


def cancel_batch(batch: Batch) -> int:
    """What was not read yet will not be. The queued jobs find nothing to do; a running chunk keeps nothing."""
    with transaction.atomic():
        Batch.objects.select_for_update().get(pk=batch.pk)
        batch.cancelled_at = batch.cancelled_at or timezone.now()
        batch.closed_at = batch.closed_at or batch.cancelled_at
        batch.save(update_fields=["cancelled_at", "closed_at"])
        return batch.items.filter(state=BatchItem.State.WAITING).update(
            state=BatchItem.State.CANCELLED, error_code=jobs.ITEM_CANCELLED
        )


def retryable(batch: Batch) -> QuerySet[BatchItem]:
    return batch.items.filter(state=BatchItem.State.FAILED).exclude(staged="")


def retry_failed(batch: Batch) -> int:
    """Read the failed ones again whose file is still there; answers how many."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        again = list(retryable(batch).select_for_update())
        batch.items.filter(pk__in=[item.pk for item in again]).update(
            state=BatchItem.State.WAITING, error_code="", attempts=0
        )
        read_in_chunks(batch, again)
    return len(again)


@dataclass(frozen=True, slots=True)
class Progress:
    total: int
    waiting: int
    done: int
    failed: int
    cancelled: int
    is_open: bool

    @property
    def finished(self) -> int:
        return self.total - self.waiting

    @property
    def is_ready(self) -> bool:
        return not self.is_open and not self.waiting

    @property
    def share(self) -> float:
        return self.finished / self.total if self.total else 0.0


def progress(batch: Batch) -> Progress:
    return progress_of([batch])[batch.pk]


def progress_of(batches: Sequence[Batch]) -> dict[uuid.UUID, Progress]:
    """Of a whole page of them, in one question."""
    counts: dict[uuid.UUID, dict[str, int]] = {batch.pk: {} for batch in batches}
    rows = BatchItem.objects.filter(batch__in=batches).order_by().values_list("batch", "state").annotate(Count("pk"))
    for batch_id, state, count in rows:
        counts[batch_id][state] = count
    return {batch.pk: _progress(batch, counts[batch.pk]) for batch in batches}


def _progress(batch: Batch, counts: Mapping[str, int]) -> Progress:
    states = BatchItem.State
    return Progress(
        total=sum(counts.values()),
        waiting=counts.get(states.WAITING, 0),
        done=counts.get(states.DONE, 0),
        failed=counts.get(states.FAILED, 0),
        cancelled=counts.get(states.CANCELLED, 0),
        is_open=batch.closed_at is None,
    )


def outcome_rows(batch: Batch) -> Iterator[list[str]]:
    """The rows of a table, its headers first: file by file what was read, or why not."""
    yield HEADERS
    current = Prefetch("upload__predictions", Prediction.objects.filter(is_current=True), to_attr="current")
    for item in batch.items.select_related("upload").prefetch_related(current).iterator(chunk_size=200):
        yield [str(item.position + 1), item.name, item.state, item.error_code, *_answer_cells(item)]


def answer_of(item: BatchItem) -> Prediction | None:
    """Of an item whose upload came with its `current` predictions: None as long as it waits, if it failed, and once
    its owner deleted it."""
    if item.upload is None or item.upload.deleted_at:
        return None
    current: list[Prediction] = item.upload.current  # type: ignore[attr-defined]
    return current[0] if current else None


def _answer_cells(item: BatchItem) -> list[str]:
    prediction = answer_of(item)
    if not prediction:
        return ["", "", "", ""]
    return [prediction.text, prediction.decision, f"{prediction.confidence:.4f}", str(prediction.pk)]
