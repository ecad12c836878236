"""Comparison of stored files with database rows, which finds what a killed process or a lost disk left behind.

The work is divided into 256 parts, by the first two hex digits of the keys in the paths. So memory stays bounded, and
a worker can check some parts now and others later. The files of models are one more part.
"""

import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from uuid import UUID

from django.core.files.storage import default_storage
from django.utils import timezone

from recognizer.models import BatchItem, ExportPart, FeatureMap, ModelVersion, TableExport, Upload
from recognizer.models.model_version import MODELS_FOLDER
from recognizer.services.space.folders import list_folders, names_of_deleted_accounts, walk

GRACE = timedelta(hours=24)  # younger files may belong to rows that are not committed yet
PARTS = tuple(f"{number:02x}" for number in range(256))
CHUNK_SIZE = 500


@dataclass
class MediaReport:
    """The result of a comparison: the number of files, and the names that lack a row or a file.

    Files in the folders of deleted accounts are listed apart. They are removed even if the report is suspicious.
    """

    files: int = 0
    without_row: list[str] = field(default_factory=list)
    without_file: list[str] = field(default_factory=list)
    of_deleted_accounts: list[str] = field(default_factory=list)
    removed: int = 0

    @property
    def is_suspicious(self) -> bool:
        """Tell whether so many files lack a row that this is probably the wrong or an outdated database."""
        return len(self.without_row) > 20 and len(self.without_row) > self.files / 4


def reconcile(
    *, remove: bool, grace: timedelta = GRACE, force: bool = False, seconds: float | None = None
) -> MediaReport:
    """Remove files without rows (or only list them, unless `remove`), and list rows without files.

    With `seconds`, check random parts until the time is over, so that repeated calls cover all of them.
    """
    report = MediaReport()
    before = timezone.now() - grace
    ends_at = time.monotonic() + (seconds if seconds is not None else float("inf"))
    batches = list_folders("batches")
    parts = [*PARTS, MODELS_FOLDER]
    for part in random.sample(parts, len(parts)) if seconds is not None else parts:
        if part == MODELS_FOLDER:
            check_models(before, report)
        else:
            check_part(part, [name for name in batches if name.startswith(part)], before, report)
            if remove:
                remove_empty_folders(part, before)
        if time.monotonic() > ends_at:
            break
    if remove:
        remove_files(report, report.of_deleted_accounts)
    if remove and (force or not report.is_suspicious):
        remove_files(report, report.without_row)
    return report


def remove_files(report: MediaReport, names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)
        report.removed += 1


def check_models(before: datetime, report: MediaReport) -> None:
    """Add the files of models to the report. They are few, so they are one part.

    All that lies below the folder of a version is kept: after a way back to an earlier release its row may have lost
    the folder's last part, which `prepare` then finds.
    """
    kept = tuple(f"{version.stored_folder}/" for version in ModelVersion.objects.only("version", "folder"))
    names = list(walk(MODELS_FOLDER))
    report.files += len(names)
    report.without_row += sorted(name for name in names if not name.startswith(kept) and is_older(name, before))


def check_part(part: str, batches: list[str], before: datetime, report: MediaReport) -> None:
    """Add the files and rows of one part to the report. Files changed after `before` are not reported."""
    found: set[str] = set()
    for names in in_chunks(stored_names(part, batches)):
        found.update(names)
        report.files += len(names)
        without_row = set(names) - names_with_row(names)
        of_deleted_accounts = names_of_deleted_accounts(without_row)
        report.of_deleted_accounts += sorted(of_deleted_accounts)
        without_row -= of_deleted_accounts
        report.without_row += sorted(name for name in without_row if is_older(name, before))
    # A file may be younger than the list, and the staged files of a batch are in another part.
    unlisted = (name for name in recorded_names(part) if name not in found)
    report.without_file += [name for name in unlisted if not default_storage.exists(name)]


def remove_empty_folders(part: str, before: datetime) -> None:
    """Remove the empty folders of one part. Earlier releases left them when they deleted the last file."""
    if not getattr(default_storage, "has_folders", True):
        return
    for parent in (f"uploads/{part}", f"feature-maps/{part}", f"exports/{part}"):
        for name in list_folders(parent):
            folder = f"{parent}/{name}"
            if next(walk(folder), None) is None and is_older(folder, before):
                default_storage.delete(folder)


def stored_names(part: str, batches: list[str]) -> Iterator[str]:
    """Yield the names of all files of one part."""
    for folder in ("uploads", "feature-maps", "exports"):
        yield from walk(f"{folder}/{part}")
    for batch in batches:
        yield from walk(f"batches/{batch}")


def is_older(name: str, time: datetime) -> bool:
    try:
        return default_storage.get_modified_time(name) < time
    except FileNotFoundError:  # it was deleted in the meantime
        return False


def in_chunks(names: Iterable[str]) -> Iterator[list[str]]:
    names = iter(names)
    while chunk := list(islice(names, CHUNK_SIZE)):
        yield chunk


def names_with_row(names: list[str]) -> set[str]:
    """Return the names that a row records. Each path contains the key of its row, so no search is needed."""
    keys = {key for name in names for part in name.split("/") if (key := parse_key(part))}
    uploads = Upload.objects.filter(pk__in=keys).values_list("original", "picture", "thumbnail")
    staged = BatchItem.objects.filter(pk__in=keys).values_list("staged")
    maps = FeatureMap.objects.filter(glyph__in=keys).values_list("image")
    exported = ExportPart.objects.filter(pk__in=keys).values_list("file")
    tables = TableExport.objects.filter(pk__in=keys).values_list("file")
    return set(chain.from_iterable(chain(uploads, staged, maps, exported, tables)))


def parse_key(part: str) -> UUID | None:
    try:
        return UUID(part)
    except ValueError:
        return None


def recorded_names(part: str) -> Iterator[str]:
    """Return the file names that the rows of one part record."""
    bounds = (UUID(part + 30 * "0"), UUID(part + 30 * "f"))
    uploads = Upload.objects.filter(pk__range=bounds).values_list("original", "picture", "thumbnail")
    staged = BatchItem.objects.filter(pk__range=bounds).values_list("staged")
    maps = FeatureMap.objects.filter(glyph__gte=bounds[0], glyph__lte=bounds[1]).values_list("image")
    exported = ExportPart.objects.filter(export__gte=bounds[0], export__lte=bounds[1]).values_list("file")
    tables = TableExport.objects.filter(pk__range=bounds).values_list("file")
    rows = chain.from_iterable(found.iterator(CHUNK_SIZE) for found in (uploads, staged, maps, exported, tables))
    return (name for name in chain.from_iterable(rows) if name)
