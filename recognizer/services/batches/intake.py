"""Intake of a batch: its files are stored first and queued for reading at once, while more may still be added."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import IO
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from mlcore.atomic_files import sync_together
from mlcore.documents.kinds import HEAD_BYTES, is_document
from mlcore.reading.files.decode import MAX_BYTES
from mlcore.reading.files.errors import PictureError
from mlcore.reading.files.header import detect_format
from mlcore.reading.result import Mode
from mlcore.reading.written import DecimalMark
from recognizer.models import Batch, BatchItem, IdempotencyRecord
from recognizer.problems import Problem
from recognizer.services.account_state import require_open_account
from recognizer.services.batches.archives import shown_name, unpack
from recognizer.services.batches.chunks import enqueue_chunks
from recognizer.services.limits import idempotency
from recognizer.services.reading.expected import Expected
from recognizer.services.reading.preferences import decimal_mark_of
from recognizer.services.reading.presets import lock_presets
from recognizer.services.space.cleanup import NewFile, delete_files_on_error
from recognizer.services.space.disk import require_disk_space
from recognizer.services.space.reservation import reserve_space
from recognizer.services.space.sizes import ITEM_BYTES

MAX_ITEMS = 10_000
MAX_IN_ZIP = 1_000  # stored one after another while the request waits


def new_batch(
    *,
    owner: User,
    name: str = "",
    mode: Mode = "auto",
    decimal: DecimalMark | None = None,
    expected: Expected | None = None,
) -> Batch:
    """Return an unsaved batch. `add_files` saves it together with its first files, so no list shows it empty."""
    batch = Batch(owner=owner, name=name[:200], mode=mode, decimal=decimal or decimal_mark_of(owner.pk) or "")
    if expected:
        batch.preset_id, batch.expected = expected.preset_id, expected.stored
    return batch


def create_batch(
    *,
    owner: User,
    name: str = "",
    mode: Mode = "auto",
    decimal: DecimalMark | None = None,
    expected: Expected | None = None,
) -> Batch:
    """Save an empty batch whose files follow later."""
    batch = new_batch(owner=owner, name=name, mode=mode, decimal=decimal, expected=expected)
    with transaction.atomic():
        require_open_account(batch.owner_id)
        insert_batch(batch)
    return batch


def insert_batch(batch: Batch) -> None:
    """Save a new batch, without its preset if that was deleted in the meantime. Call it inside a transaction."""
    batch.preset_id = next(iter(lock_presets([batch.owner_id], [batch.preset_id])), None)
    batch.save(force_insert=True)


def add_files(
    batch: Batch,
    files: Iterable[tuple[str, File]] = (),
    archives: Iterable[IO[bytes]] = (),
    *,
    close: bool = False,
    reopens: bool = False,
    record: IdempotencyRecord | None = None,
    keys: Iterable[UUID] = (),
) -> list[BatchItem]:
    """Store the files and the members of the ZIP archives, queue them for reading, and return their items.

    A file that is no image becomes a failed item and does not affect the others. All rows, and the
    batch's key in `record`, are one transaction. `keys` are those of the files' items, if they are known already.
    With `reopens` a closed batch takes these files, and stays closed for others.
    """
    with stage_files(batch, reopens=reopens) as staged:
        with sync_together():
            for archive in archives:
                staged.add_zip(archive)
            for (name, file), key in zip(files, chain(keys, repeat(None)), strict=False):
                staged.add(name, file, key=key)
        with transaction.atomic():
            require_open_account(batch.owner_id)
            if batch._state.adding:
                insert_batch(batch)
            save_items(batch, staged.items, reopens=reopens)
            if close:
                close_batch(batch)
            if record:
                idempotency.store_created_id(record, batch.pk)
            staged.stored.clear()
    return staged.items


@dataclass
class StagedFiles:
    """Files of a batch that are in the storage while their rows are not yet in the database."""

    batch: Batch
    free_places: int
    stored: list[NewFile]
    items: list[BatchItem] = field(default_factory=list)

    def add(self, name: str, file: File, error_code: str = "", *, key: UUID | None = None) -> None:
        if len(self.items) == self.free_places:
            raise Problem("too_many_files")
        head = read_head(file)
        error_code = error_code or find_error_code(file, head)
        item = BatchItem(id=key or uuid4(), batch=self.batch, name=shown_name(name), error_code=error_code)
        item.pages_opened = 0 if is_document(head) else None
        item.bytes = ITEM_BYTES
        if item.error_code:
            item.state = BatchItem.State.FAILED
        else:
            self.stored.append(item.staged)
            item.staged.save("staged", file, save=False)
            item.bytes += file.size
        self.items.append(item)

    def add_zip(self, archive: IO[bytes]) -> None:
        for member in unpack(archive, most=min(MAX_IN_ZIP, self.free_places - len(self.items))):
            self.add(member.name, ContentFile(member.data), member.error)


@contextmanager
def stage_files(batch: Batch, *, reopens: bool = False) -> Iterator[StagedFiles]:
    """Yield a collector of files. If the block fails, the files that it stored are deleted."""
    free_places = count_free_places(batch, reopens=reopens)
    require_disk_space()
    with delete_files_on_error() as stored:
        yield StagedFiles(batch, free_places, stored)


def read_head(file: File) -> bytes:
    """Return the first bytes of a file, which tell its format."""
    file.seek(0)
    head: bytes = file.read(HEAD_BYTES)
    file.seek(0)
    return head


def find_error_code(file: File, head: bytes) -> str:
    """Return the problem code that the size or the first bytes of a file show, or an empty string.

    The worker that decodes the whole file may still find others.
    """
    if not file.size:
        return "empty_file"
    if file.size > MAX_BYTES:
        return "file_too_large"
    if is_document(head):
        return ""
    try:
        detect_format(head)
    except PictureError as error:
        return error.code
    return ""


def count_free_places(batch: Batch, wanted: int = 0, *, reopens: bool = False) -> int:
    """Return how many files the batch still takes. Raise Problem if it is closed or `wanted` files do not fit."""
    if batch.cancelled_at or (batch.closed_at and not reopens):
        raise Problem("conflict", _("This batch is closed. Create a new batch."))
    free_places = MAX_ITEMS - batch.items.count()
    if wanted > free_places:
        raise Problem("too_many_files")
    return free_places


def save_items(batch: Batch, items: list[BatchItem], *, reopens: bool = False) -> None:
    """Save the items together with the jobs that read them. Reading does not wait until the batch is closed."""
    readable = [item for item in items if item.staged]
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch.pk)  # concurrent requests must not share positions
        count_free_places(batch, len(items), reopens=reopens)
        last = batch.items.aggregate(last=Max("position"))["last"]
        for position, item in enumerate(items, 0 if last is None else last + 1):
            item.position = position
        reserve_space(batch.owner_id, pictures=len(readable), size=sum(item.bytes for item in items))
        BatchItem.objects.bulk_create(items)
        enqueue_chunks(batch, readable)


def count_names(batches: Iterable[Batch]) -> Counter[str]:
    """Return how many files of each name the batches hold. A document is one file, however many pages it has."""
    items = BatchItem.objects.filter(Q(page=None) | Q(page=1), batch__in=batches)
    return Counter(items.values_list("name", flat=True))


def close_batch(batch: Batch) -> None:
    """Mark the batch as complete. It takes no more files."""
    batch.closed_at = batch.closed_at or timezone.now()
    batch.save(update_fields=["closed_at"])
