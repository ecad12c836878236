"""Atomic writes: a file or folder under its final name is complete, whatever interrupts the process that writes it.

After a write the folder is synced as well, so that a power failure does not undo the rename. A new folder needs no sync
of the folder that lists it: ext4, XFS and Btrfs write what was changed before with it.

A name that is given once needs one wait for the disk: the file gets it first and is synced then, and the same three
write the new name with it. A power failure in between leaves a file, perhaps an incomplete one, that no row names.
"""

import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO
from uuid import uuid4

_libc = ctypes.CDLL(None, use_errno=True)

FOLDER_ATTEMPTS = 10  # other processes may remove a new folder again while it is empty

_is_sync_deferred = False  # by `sync_once`
_written_together: ContextVar[list[Path] | None] = ContextVar("written_together", default=None)


@contextmanager
def open_atomic(
    path: Path,
    permissions: int | None = None,
    *,
    folder_permissions: int | None = None,
    replaces: bool = True,
    is_new_name: bool = False,
    syncs: bool = True,
) -> Iterator[IO[bytes]]:
    """Yield a file to write, then sync it and rename it to `path`. An exception leaves nothing behind.

    The last of several concurrent writers wins. With `replaces=False` the first one does, and the others get a
    FileExistsError. Missing folders are created. Permissions are set exactly; without
    them the umask decides. With `is_new_name` there was no file of this name a moment ago.
    Without `syncs` the system writes the file when it likes, and a power failure may undo it.
    """
    part = path.parent / f".{uuid4().hex}.part"
    # Created with its permissions, so that a secret is at no time readable by others.
    descriptor = _create(part, 0o666 if permissions is None else permissions, folder_permissions)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            if permissions is not None:
                os.fchmod(file.fileno(), permissions)
            has_name = is_new_name and _take_free_name(part, path)
            together = _written_together.get() if has_name and syncs else None
            if together is not None:
                together.append(path)
            elif syncs and not _is_sync_deferred:
                try:
                    os.fsync(file.fileno())
                except OSError:
                    if has_name:
                        path.unlink(missing_ok=True)
                    raise
        if not has_name:
            _take_name(part, path, replaces=replaces)
    finally:
        part.unlink(missing_ok=True)
    if syncs and not _is_sync_deferred and not has_name:
        sync_folder(path.parent)


def _take_free_name(part: Path, path: Path) -> bool:
    """Rename the file if its name is free. Return False if another has it by now, or where there are no hard links."""
    try:
        path.hardlink_to(part)
    except OSError:
        return False
    part.unlink(missing_ok=True)
    return True


def _take_name(part: Path, path: Path, *, replaces: bool) -> None:
    if replaces:
        part.replace(path)
    else:
        path.hardlink_to(part)


@contextmanager
def sync_together() -> Iterator[None]:
    """Sync the files with new names that this thread writes in the block, all together at its end.

    Do nothing that counts on them before. On ext4 twenty files need 4 ms instead of 28 (medians of 10).
    """
    paths: list[Path] = []
    token = _written_together.set(paths)
    try:
        yield
    finally:
        _written_together.reset(token)
    for device_paths in _by_device(paths):
        _sync_files(device_paths)


def _by_device(paths: list[Path]) -> Iterable[list[Path]]:
    """Return the paths that still exist, by the file system that they are in."""
    found: dict[int, list[Path]] = {}
    for path in paths:
        with suppress(FileNotFoundError):
            found.setdefault(path.stat().st_dev, []).append(path)
    return found.values()


def _sync_files(paths: list[Path]) -> None:
    """Sync files of one file system: several with all else that is in it, which is one wait instead of many."""
    is_one_wait = len(paths) > 1 and hasattr(_libc, "syncfs")
    for path in paths[:1] if is_one_wait else paths:
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            if not is_one_wait:
                os.fsync(descriptor)
            elif _libc.syncfs(descriptor):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
        finally:
            os.close(descriptor)


@contextmanager
def sync_once() -> Iterator[None]:
    """Sync what `open_atomic` writes meanwhile in one call at the end, in all threads of this process.

    This is for commands that write many files of which none counts before the end.
    """
    global _is_sync_deferred
    _is_sync_deferred = True
    try:
        yield
        os.sync()
    finally:
        _is_sync_deferred = False


def _create(part: Path, permissions: int, folder_permissions: int | None) -> int:
    """Return the descriptor of a new file. Create its folder again if another process has just removed it."""
    for _attempt in range(FOLDER_ATTEMPTS):
        make_folder(part.parent, folder_permissions)
        with suppress(FileNotFoundError):
            return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, permissions)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(part.parent))


def make_folder(folder: Path, permissions: int | None = None) -> None:
    """Create a folder and those above it, where they are missing."""
    if folder.is_dir():
        return
    make_folder(folder.parent, permissions)
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError:
        return  # another process removed the folder above it; the caller tries again
    if permissions is not None:
        with suppress(FileNotFoundError):
            folder.chmod(permissions)


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk: a sync of a file does not include its name."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def make_folder_atomic(path: Path) -> Iterator[Path]:
    """Yield a folder to fill, then rename it to `path`, which must not exist. An exception leaves nothing behind."""
    make_folder(path.parent)
    part = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield part
        part.chmod(0o755)  # mkdtemp makes it readable for its owner alone
        sync_folder(part)
        part.rename(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    sync_folder(path.parent)
