"""Files and rows held against each other: what a killed process or a lost disk left behind.

Everything is looked at in 256 parts, by the first two hex digits of the keys in its paths, so that memory stays
bounded and a worker can do some parts now and others later.
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

from recognizer.models import BatchItem, FeatureMap, Upload

GRACE = timedelta(hours=24)  # files younger than this may be waiting for their rows
PARTS = tuple(f"{number:02x}" for number in range(256))
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
        return len(self.without_row) > 20 and len(self.without_row) > self.files / 4


def reconcile(*, remove: bool, grace: timedelta = GRACE, force: bool = False, seconds: float | None = None) -> Report:
    """Remove files without rows (or, dry, only list them), and list rows without files.

    With `seconds`, as many parts as fit, at random: called again and again it comes round to all of them.
    """
    report = Report()
    before = timezone.now() - grace
    ends = time.monotonic() + (seconds if seconds is not None else float("inf"))
    for part in random.sample(PARTS, len(PARTS)) if seconds is not None else PARTS:
        look_at(part, before, report)
        if time.monotonic() > ends:
            break
    if remove and (force or not report.is_suspicious):
        for name in report.without_row:
            default_storage.delete(name)
            report.removed += 1
    return report


def look_at(part: str, before: datetime, report: Report) -> None:
    for names in in_groups(stored(part)):
        report.files += len(names)
        unknown = set(names) - known(names)
        report.without_row += sorted(name for name in unknown if is_older(name, before))
    report.without_file += [name for name in recorded(part) if not default_storage.exists(name)]


def stored(part: str) -> Iterator[str]:
    for folder in ("uploads", "feature-maps"):
        yield from walk(f"{folder}/{part}")
    for batch in folders_in("batches"):
        if batch.startswith(part):
            yield from walk(f"batches/{batch}")


def walk(folder: str) -> Iterator[str]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in files)
    for inner in sorted(folders):
        yield from walk(f"{folder}/{inner}")


def folders_in(folder: str) -> list[str]:
    try:
        return sorted(default_storage.listdir(folder)[0])
    except FileNotFoundError:
        return []


def is_older(name: str, time: datetime) -> bool:
    try:
        return default_storage.get_modified_time(name) < time
    except FileNotFoundError:  # it went its regular way meanwhile
        return False


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


def recorded(part: str) -> Iterator[str]:
    """The name of every file that a row of this part says is there."""
    bounds = (UUID(part + 30 * "0"), UUID(part + 30 * "f"))
    uploads = Upload.objects.filter(pk__range=bounds).values_list("original", "picture", "thumbnail")
    staged = BatchItem.objects.filter(pk__range=bounds).values_list("staged")
    maps = FeatureMap.objects.filter(glyph__gte=bounds[0], glyph__lte=bounds[1]).values_list("image")
    rows = chain.from_iterable(found.iterator(AT_ONCE) for found in (uploads, staged, maps))
    return (name for name in chain.from_iterable(rows) if name)
