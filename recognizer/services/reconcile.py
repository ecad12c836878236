"""Files and rows held against each other: what a killed process or a lost disk left behind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from uuid import UUID

from django.core.files.storage import default_storage
from django.utils import timezone

from recognizer.models import BatchItem, FeatureMap, Upload

# Files younger than this may be waiting for their rows.
GRACE = timedelta(hours=24)
FOLDERS = ("uploads", "batches", "feature-maps")
AT_ONCE = 500


@dataclass
class Report:
    files: int = 0
    without_row: list[str] = field(default_factory=list)
    without_file: list[str] = field(default_factory=list)
    removed: int = 0

    @property
    def is_suspicious(self) -> bool:
        """So many lost files mean that this is another installation's database, or an old one."""
        return len(self.without_row) > 100 and len(self.without_row) > self.files / 4


def reconcile(*, remove: bool, grace: timedelta = GRACE, force: bool = False) -> Report:
    """Remove files without rows (or, dry, only count them), and report rows without files."""
    report = Report()
    before = timezone.now() - grace
    for names in in_groups(chain.from_iterable(walk(folder) for folder in FOLDERS)):
        report.files += len(names)
        unknown = set(names) - known(names)
        report.without_row += sorted(name for name in unknown if is_older(name, before))
    if remove and (force or not report.is_suspicious):
        for name in report.without_row:
            default_storage.delete(name)
            report.removed += 1
    report.without_file = [name for name in recorded() if not default_storage.exists(name)]
    return report


def is_older(name: str, time: datetime) -> bool:
    try:
        return default_storage.get_modified_time(name) < time
    except FileNotFoundError:  # it went its regular way meanwhile
        return False


def walk(folder: str) -> Iterator[str]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in files)
    for inner in sorted(folders):
        yield from walk(f"{folder}/{inner}")


def in_groups(names: Iterable[str]) -> Iterator[list[str]]:
    names = iter(names)
    while group := list(islice(names, AT_ONCE)):
        yield group


def known(names: list[str]) -> set[str]:
    """Those that a row records. Every path holds its row's key, so the rows are found without a search."""
    keys = {key for name in names for part in name.split("/") if (key := as_key(part))}
    uploads = Upload.objects.filter(pk__in=keys).values_list("original", "picture", "thumbnail")
    staged = BatchItem.objects.filter(pk__in=keys).values_list("staged")
    maps = FeatureMap.objects.filter(glyph__in=keys).values_list("image")
    return set(chain.from_iterable(chain(uploads, staged, maps)))


def as_key(part: str) -> UUID | None:
    try:
        return UUID(part)
    except ValueError:
        return None


def recorded() -> Iterator[str]:
    """The name of every file that a row says is there."""
    uploads = Upload.objects.values_list("original", "picture", "thumbnail").iterator(AT_ONCE)
    staged = BatchItem.objects.exclude(staged="").values_list("staged").iterator(AT_ONCE)
    maps = FeatureMap.objects.exclude(image="").values_list("image").iterator(AT_ONCE)
    return (name for name in chain.from_iterable(chain(uploads, staged, maps)) if name)
