"""A watched folder: files that appear in it are read once, and are then moved to `done/` or `failed/`.

    FOLDER/a/x.png ──complete──▶ FOLDER/.taking/KEY/a/x.png ──row of the item KEY──▶ read ──▶ FOLDER/done/a/x.png
                                                                                     └──▶ FOLDER/failed/a/x.png, .txt

The key of the item is chosen before the file is taken, and is the name of a folder. So after a kill at any moment the
rows tell which of the taken files are in the database already, and none is lost or read twice.
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.files.base import File
from django.utils import timezone
from django.utils.translation import gettext

from mlcore.reading.result import Mode
from recognizer.models import Batch, BatchItem
from recognizer.problems import KINDS, Problem
from recognizer.services.batches import intake
from recognizer.services.batches.documents import document_pages
from recognizer.services.reading.expected import Expected, expect_in_mode

UNFINISHED = (".part", ".tmp", ".crdownload")  # names that programs give to files that they are writing
TAKING, DONE, FAILED = ".taking", "done", "failed"
FILES_AT_ONCE = 100
MAX_NAME_BYTES = 255
MAX_SUFFIX = 10  # characters; what follows a point in a longer name may be a part of a sentence
SETTLED_SECONDS = 5.0  # a file that did not change for so long is complete


@dataclass
class WatchedFolder:
    """A folder whose files are read for one user."""

    folder: Path
    owner: User
    mode: Mode | None = None  # that of the preset, or auto
    preset_name: str = ""
    settled_seconds: float = SETTLED_SECONDS
    sizes: dict[Path, int] = field(default_factory=dict)  # of the files that were seen, by the time of the last look

    def choose_way(self) -> tuple[Mode, Expected | None]:
        """Return the mode to read in, and what is expected, as the preset says now. Raise Problem if it is missing."""
        try:
            return expect_in_mode(self.owner.pk, mode=self.mode, preset_name=self.preset_name)
        except Problem as problem:
            if "preset" not in (problem.errors or {}):
                raise
            text = gettext("There is no preset %(name)s. Create it, or start the command with another one.")
            raise Problem(problem.code, text % {"name": self.preset_name}) from problem

    def run_once(self) -> int:
        """Move the files that were read, and have the complete ones read. Return how many were moved.

        Files that are read already do not wait for a missing preset or a used-up quota. Without the preset no more
        files are taken.
        """
        moved = self.move_finished()
        self.choose_way()
        self.take_files()
        self.add_taken()
        return moved

    def take_files(self) -> None:
        """Move the complete files to folders of their own, named after the keys of their items."""
        found: dict[Path, int] = {}
        for path in self.new_files():
            with contextlib.suppress(FileNotFoundError):
                found[path] = path.stat().st_size
        for path, size in found.items():
            with contextlib.suppress(FileNotFoundError, PermissionError):  # it was moved, or is not meant for us
                if self.sizes.get(path) == size and self.is_complete(path):
                    target = self.folder / TAKING / str(uuid4()) / path.relative_to(self.folder)
                    target.parent.mkdir(parents=True)
                    path.rename(target)
        self.sizes = found

    def new_files(self) -> Iterator[Path]:
        """Yield the files that nobody has taken. Names of unfinished downloads and hidden names are left alone."""
        for place, folders, names in os.walk(self.folder):
            own = (TAKING, DONE, FAILED) if Path(place) == self.folder else ()
            folders[:] = sorted(name for name in folders if name not in own and not name.startswith("."))
            for name in sorted(names):
                path = Path(place) / name
                is_unfinished = name.startswith(".") or path.suffix in UNFINISHED
                if not is_unfinished and path.is_file() and not path.is_symlink():
                    yield path

    def is_complete(self, path: Path) -> bool:
        """Return whether the file has not changed for a while, and is not open for writing where that is known.

        A time in the future, from a scanner whose clock is wrong, tells nothing: `sizes` tells that the file grows.
        """
        age = time.time() - path.stat().st_mtime
        return not 0 <= age < self.settled_seconds and not is_being_written(path)

    def taken_files(self) -> dict[UUID, Path]:
        """Return the files that were taken and not moved yet, by the keys of their items."""
        taken: dict[UUID, Path] = {}
        for place in sorted((self.folder / TAKING).glob("*-*-*-*-*")):
            file = next((path for path in sorted(place.rglob("*")) if path.is_file()), None)
            if file:
                taken[UUID(place.name)] = file
            else:
                remove_folders(place)
        return taken

    def add_taken(self) -> None:
        """Add the taken files that are in no batch yet. A kill may have come before their rows were written."""
        taken = self.taken_files()
        known = set(BatchItem.objects.filter(pk__in=taken).values_list("pk", flat=True))
        missing = [(key, path) for key, path in taken.items() if key not in known]
        for start in range(0, len(missing), FILES_AT_ONCE):
            group = missing[start : start + FILES_AT_ONCE]
            batch = self.open_batch(len(group))
            files = ((str(path.relative_to(self.folder / TAKING / str(key))), path) for key, path in group)
            intake.add_files(batch, open_each(files), keys=[key for key, _path in group])

    def open_batch(self, wanted: int) -> Batch:
        """Return the batch of today, or a new one. An open batch is closed a day after its creation."""
        name = f"{self.folder.name} {timezone.localdate().isoformat()}"
        mode, expected = self.choose_way()
        fresh = intake.new_batch(owner=self.owner, name=name, mode=mode, expected=expected)
        same = Batch.objects.filter(owner=self.owner, name=fresh.name, mode=fresh.mode, preset=fresh.preset_id)
        for batch in same.filter(closed_at=None, cancelled_at=None).order_by("-created_at"):
            if batch.expected == fresh.expected and batch.items.count() + wanted <= intake.MAX_ITEMS:
                return batch
        return fresh

    def move_finished(self) -> int:
        """Move the files whose items, or all of whose pages, are read or have failed. Return how many were moved."""
        taken = self.taken_files()
        items = BatchItem.objects.filter(pk__in=taken).exclude(state=BatchItem.State.WAITING)
        moved = 0
        for item in items:
            pages = document_pages(item) if item.page else [item]
            if any(page.state == BatchItem.State.WAITING for page in pages):
                continue
            path = taken[item.pk]
            place = self.folder / TAKING / str(item.pk)
            reasons = "".join(reason_of(page) for page in pages if page.state != BatchItem.State.DONE)
            target = free_name(self.folder / (FAILED if reasons else DONE) / path.relative_to(place))
            target.parent.mkdir(parents=True, exist_ok=True)
            if reasons:  # first, so that no failed file is without its reason
                self.write_reason(target, reasons.encode())
            path.rename(target)
            remove_folders(place)
            moved += 1
        return moved

    def write_reason(self, target: Path, text: bytes) -> None:
        """Write why a file was not read beside its place, unless it is there from a process that was killed then."""
        path = target.with_name(shorten(target.name, ".txt"))
        if path.is_file() and path.stat().st_size == len(text) and path.read_bytes() == text:
            return
        draft = self.folder / TAKING / "reason.txt"  # a full disk leaves no part of a reason beside the files
        draft.write_bytes(text)
        draft.rename(free_name(path))


def reason_of(item: BatchItem) -> str:
    """Return the line that says why a file, or a page of it, was not read."""
    page = gettext("Page %(number)d, ") % {"number": item.page} if item.page else ""
    return f"{page}{item.error_code}: {gettext(KINDS[item.error_code].title)}\n"


def open_each(files: Iterator[tuple[str, Path]]) -> Iterator[tuple[str, File]]:
    """Yield the files with their names, each open only while it is used."""
    for name, path in files:
        with path.open("rb") as file:
            yield name, File(file)


def is_being_written(path: Path) -> bool:
    """Return whether a process has the file open for writing, where the system tells: Linux refuses a lease then."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    with path.open("rb") as file:
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
    return False


def free_name(path: Path) -> Path:
    """Return the path, or one with a number if a file has this name already. A long name is cut for the number."""
    suffix = path.suffix if len(path.suffix) <= MAX_SUFFIX else ""
    stem = path.name.removesuffix(suffix)
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_name(shorten(stem, f" ({number}){suffix}"))
    return free


def shorten(name: str, ending: str) -> str:
    """Return the name with the ending, without as many of its last characters as file systems cannot hold."""
    while len(os.fsencode(name + ending)) > MAX_NAME_BYTES:
        name = name[:-1]
    return name + ending


def remove_folders(place: Path) -> None:
    """Remove a folder that holds nothing but empty folders."""
    for inner, _folders, _names in os.walk(place, topdown=False):
        with contextlib.suppress(OSError):
            Path(inner).rmdir()
