"""Storage folders: their names follow from the keys of the rows whose files they hold."""

from collections.abc import Iterable, Iterator
from itertools import chain
from uuid import UUID

from django.core.files.storage import default_storage
from django.utils import timezone

from recognizer.models import AccountDeletion, BatchItem, DeletedFolder, Glyph, Job
from recognizer.models.personal_export import export_folder
from recognizer.storage.disk import walk as walk_storage

CHUNK_SIZE = 500


def upload_folder(upload_id: UUID) -> str:
    return f"uploads/{upload_id.hex[:2]}/{upload_id}"


def maps_folder(glyph_id: UUID) -> str:
    return f"feature-maps/{glyph_id.hex[:2]}/{glyph_id}"


def batch_folder(batch_id: UUID) -> str:
    return f"batches/{batch_id}"


def folder_of(name: str) -> str:
    """Return the folder of a file that belongs to one upload, one glyph or one batch."""
    parts = name.split("/")
    return "/".join(parts[:2] if parts[0] == "batches" else parts[:3])


def list_folders(folder: str) -> list[str]:
    """Return the names of the folders in a folder, which need not exist."""
    try:
        return sorted(default_storage.listdir(folder)[0])
    except FileNotFoundError:
        return []


def walk(folder: str) -> Iterator[str]:
    """Yield the names of all files below a folder."""
    return walk_storage(default_storage, folder)


def record_upload_folders(deletion: AccountDeletion, upload_ids: Iterable[UUID]) -> None:
    """Record the folders of uploads and of their feature maps. Call it in the transaction that removes the uploads."""
    ids = list(upload_ids)
    # By the jobs and not by the feature maps: those of superseded predictions are removed, and a worker that was killed
    # may have left files of theirs.
    drawn = Glyph.objects.filter(prediction__upload__in=ids, prediction__jobs__kind=Job.Kind.FEATURE_MAPS)
    glyphs = drawn.order_by().values_list("pk", flat=True).distinct()
    _record(deletion, chain(map(upload_folder, ids), map(maps_folder, glyphs)))


def record_batch_folders(deletion: AccountDeletion, batch_ids: Iterable[UUID]) -> None:
    """Record the folders of batches, and of the uploads that workers may be making of their items."""
    ids = list(batch_ids)
    items = BatchItem.objects.filter(batch__in=ids).values_list("pk", flat=True).order_by()
    _record(deletion, chain(map(batch_folder, ids), map(upload_folder, items)))


def record_export_folders(deletion: AccountDeletion, export_ids: Iterable[UUID]) -> None:
    _record(deletion, map(export_folder, export_ids))


def _record(deletion: AccountDeletion, names: Iterable[str]) -> None:
    rows = [DeletedFolder(deletion=deletion, name=name) for name in names]
    DeletedFolder.objects.bulk_create(rows, batch_size=CHUNK_SIZE, ignore_conflicts=True)


def empty_folders(deletion: AccountDeletion) -> bool:
    """Empty some of the recorded folders, and return whether all of them are empty."""
    to_empty = deletion.folders.filter(emptied_at=None)
    names = list(to_empty.values_list("name", flat=True)[:CHUNK_SIZE])
    for name in names:
        remove_folder(name)
    deletion.folders.filter(pk__in=names).update(emptied_at=timezone.now())
    return len(names) < CHUNK_SIZE


def remove_folder(folder: str) -> None:
    """Remove a folder with all files below it."""
    for name in list(walk(folder)):
        default_storage.delete(name)
    try:
        folders, _files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for inner in folders:
        remove_folder(f"{folder}/{inner}")
    default_storage.delete(folder)


def names_of_deleted_accounts(names: Iterable[str]) -> set[str]:
    """Return those of the names that lie in a folder of a deleted account."""
    folders = {name: folder_of(name) for name in names}
    recorded = DeletedFolder.objects.filter(pk__in=set(folders.values())).values_list("pk", flat=True)
    found = set(recorded)
    return {name for name, folder in folders.items() if folder in found}
