"""The move of media files from one storage to another, while other processes use both (see storage/moving.py)."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import islice
from typing import IO, Any

from django.core.files.base import File

from recognizer.services.space.folders import names_of_deleted_accounts
from recognizer.storage.disk import walk

MOVERS = 8  # most of the time each waits for the object store
CHUNK_SIZE = 500
PIECE_BYTES = 1 << 20
SPOOLED_BYTES = 8 << 20
MAX_FAILED_IN_A_ROW = 20
NOT_MOVED = ("probes",)  # readiness probes, which are removed within the second


@dataclass
class MoveReport:
    """The numbers of files: moved now, there already, and deleted by others while they were moved.

    `differing` are names under which the two storages have different files. Both stay, and the new one is read.
    `failed` has for each name that could not be read or written what the system said.
    """

    moved: int = 0
    bytes: int = 0
    already_there: int = 0
    deleted_meanwhile: int = 0
    differing: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class Outcome(Enum):
    """The outcome of moving one file."""

    MOVED = auto()
    ALREADY_THERE = auto()
    DELETED_MEANWHILE = auto()
    DIFFERS = auto()
    FAILED = auto()


def move_media(old: Any, new: Any, report_progress: Callable[[MoveReport], None] = lambda report: None) -> MoveReport:
    """Move all files from the old storage to the new one. Each is read back from the new one before the old is deleted.

    An interruption at any moment loses nothing, and the next call goes on. A file that cannot be moved does not keep
    the others; many in a row raise the error, because a storage does not answer then.
    """
    report = MoveReport()
    names, in_a_row = names_to_move(old), 0
    with ThreadPoolExecutor(MOVERS) as movers:
        while chunk := list(islice(names, CHUNK_SIZE)):
            deleted = []
            outcomes = movers.map(lambda name: try_to_move(old, new, name), chunk)
            for name, (outcome, size, error) in zip(chunk, outcomes, strict=True):
                in_a_row = in_a_row + 1 if error else 0
                if error:
                    report.failed[name] = str(error)
                    if in_a_row == MAX_FAILED_IN_A_ROW:
                        raise error
                report.moved += outcome is Outcome.MOVED
                report.bytes += size if outcome is Outcome.MOVED else 0
                report.already_there += outcome is Outcome.ALREADY_THERE
                report.deleted_meanwhile += outcome is Outcome.DELETED_MEANWHILE
                report.differing += [name] if outcome is Outcome.DIFFERS else []
                deleted += [name] if outcome is Outcome.DELETED_MEANWHILE else []
            # The removal of an account has found its folders empty. Other files without a row are left to
            # reconcile_media: a job that is done again may just have written one, and its row follows.
            for name in names_of_deleted_accounts(deleted):
                new.delete(name)
            report_progress(report)
    return report


def names_to_move(old: Any) -> Iterator[str]:
    """Yield the names of all files, but of none that is still being written."""
    for name in walk(old, ""):
        if name.split("/")[0] not in NOT_MOVED and not name.rpartition("/")[2].startswith("."):
            yield name


def try_to_move(old: Any, new: Any, name: str) -> tuple[Outcome, int, OSError | None]:
    try:
        return *move_file(old, new, name), None
    except OSError as error:
        return Outcome.FAILED, 0, error


def move_file(old: Any, new: Any, name: str) -> tuple[Outcome, int]:
    """Move one file and return its size. One that is in the new storage was written later or moved before."""
    with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as copy:
        try:
            with old.open(name) as source:
                digest, size = copy_hashed(source, copy)
        except FileNotFoundError:
            return Outcome.DELETED_MEANWHILE, 0
        copy.seek(0)
        is_new = new.save_new(name, File(copy, name))
    try:
        with new.open(name) as written:
            arrived, _size = copy_hashed(written)
    except FileNotFoundError:
        return Outcome.DELETED_MEANWHILE, 0
    if arrived != digest:
        return Outcome.DIFFERS, size
    was_deleted = not old.exists(name)
    old.delete(name)
    if was_deleted:
        return Outcome.DELETED_MEANWHILE, size
    return Outcome.MOVED if is_new else Outcome.ALREADY_THERE, size


def copy_hashed(source: IO[bytes] | File, target: Any = None) -> tuple[str, int]:
    """Return the SHA-256 and the size of a file, and write it to another if one is given."""
    digest, size = hashlib.sha256(), 0
    while piece := source.read(PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
        if target is not None:
            target.write(piece)
    return digest.hexdigest(), size
