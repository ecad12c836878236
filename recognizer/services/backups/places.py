"""Places of backups: a folder that keeps many, where unchanged files are stored once, or a single ZIP file.

Both contain the same names:

    objects/3f/3f79…                  the content of a file, named after its SHA-256
    snapshots/NAME/manifest.json      what the snapshot contains; written last
    snapshots/NAME/files.jsonl.gz     the names of its files, and their SHA-256
    snapshots/NAME/tables/….jsonl.gz  its rows

An unfinished snapshot has a hidden name, so that a killed backup leaves nothing that passes as whole. With BACKUP_KEY
every file is encrypted, and the names of objects do not tell their SHA-256.
"""

import fcntl
import io
import os
import shutil
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

from django.conf import settings

from mlcore.atomic_files import sync_folder
from recognizer.services.backups.encryption import MAGIC, BackupKey, DecryptingFile, EncryptingFile, content_size
from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.tables import Output

ARCHIVE_SUFFIX = ".zip"
MANIFEST = "manifest.json"
FILE_MODE, FOLDER_MODE = 0o600, 0o700  # a backup contains all that people have stored


def object_name(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"


def configured_key() -> BackupKey | None:
    return BackupKey(settings.BACKUP_KEY) if settings.BACKUP_KEY else None


class Place(ABC):
    """A place from which backups are read."""

    def __init__(self) -> None:
        self.key = configured_key()

    def open(self, name: str) -> IO[bytes]:
        """Return a file to read. Raise FileNotFoundError if there is none."""
        file = self._open_stored(self.stored_name(name))
        if self.key:
            return io.BufferedReader(DecryptingFile(file, self.key, _lasting_name(name)))
        if not name.startswith("objects/"):  # what people have uploaded may begin with anything
            if file.read(len(MAGIC)) == MAGIC:
                file.close()
                raise BackupError("This backup is encrypted. Set BACKUP_KEY.")
            file.seek(0)
        return file

    def find_size(self, name: str) -> int | None:
        """Return the size of a file, or None if there is none."""
        size = self._find_stored_size(self.stored_name(name))
        return content_size(size) if self.key and size is not None else size

    def stored_name(self, name: str) -> str:
        """Return the name under which the place has the file."""
        if self.key and name.startswith("objects/"):
            return object_name(self.key.hide(name.rpartition("/")[2]))
        return name

    @abstractmethod
    def _open_stored(self, name: str) -> IO[bytes]:
        """Return a file as it is in the place. Raise FileNotFoundError if there is none."""

    @abstractmethod
    def _find_stored_size(self, name: str) -> int | None:
        """Return the size of a file as it is in the place, or None if there is none."""

    @abstractmethod
    def list_snapshots(self) -> list[str]:
        """Return the names of the finished snapshots, the oldest first."""


class Target(Place):
    """A place to which one snapshot is written. It becomes visible with `commit`."""

    folder: str  # of the snapshot, while it is not committed

    @contextmanager
    def write(self, name: str) -> Iterator[Output]:
        """Yield a file to write, in place of an earlier one of this name."""
        with self._write_stored(self.stored_name(name)) as file:
            if not self.key:
                yield file
                return
            encrypting = EncryptingFile(file, self.key, _lasting_name(name))
            yield encrypting
            encrypting.finish()

    @abstractmethod
    def _write_stored(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Return a file to write as it shall be in the place."""

    @abstractmethod
    def close(self) -> None:
        """Write everything to the disk. The snapshot can be read and verified then, but is still hidden."""

    @abstractmethod
    def commit(self) -> None:
        """Give the snapshot its final name."""


def _lasting_name(name: str) -> str:
    """Return the name that a file has once its snapshot is committed."""
    return name.replace("snapshots/.", "snapshots/", 1)


class FolderPlace(Place):
    """A folder with snapshots."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root

    def _open_stored(self, name: str) -> IO[bytes]:
        return (self.root / name).open("rb")

    def _find_stored_size(self, name: str) -> int | None:
        try:
            return (self.root / name).stat().st_size
        except FileNotFoundError:
            return None

    def list_snapshots(self) -> list[str]:
        folder = self.root / "snapshots"
        return sorted(path.name for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []

    @property
    def _lock_file(self) -> Path:
        return self.root / ".lock"

    @contextmanager
    def lock(self, *, exclusive: bool) -> Iterator[None]:
        """Hold the folder, so that nothing is removed from it while somebody reads it."""
        if not exclusive and not self._lock_file.exists():  # a copy of a folder
            yield
            return
        with self._lock_file.open("a" if exclusive else "r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_NB | (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH))
            except BlockingIOError as error:
                raise BackupError(f"Another process uses the backups in {self.root}.") from error
            yield

    def remove_snapshot(self, name: str) -> None:
        """Remove a snapshot. It is hidden first, so that an interruption leaves nothing that passes as whole."""
        hidden = self.root / "snapshots" / f".{name}"
        (self.root / "snapshots" / name).rename(hidden)
        shutil.rmtree(hidden)

    def list_objects(self) -> Iterator[Path]:
        """Yield the files of all objects, those that a killed backup left unfinished included."""
        for folder in sorted((self.root / "objects").glob("*")):
            yield from folder.iterdir()


class FolderTarget(FolderPlace, Target):
    """A folder to which a snapshot is added."""

    def __init__(self, root: Path, snapshot: str) -> None:
        super().__init__(root)
        self.snapshot, self.folder = snapshot, f"snapshots/.{snapshot}"

    def remove_leftovers(self) -> None:
        """Remove the snapshots that killed backups left unfinished."""
        for path in (self.root / "snapshots").glob(".*"):
            shutil.rmtree(path)

    @contextmanager
    def _write_stored(self, name: str) -> Iterator[IO[bytes]]:
        path = self.root / name
        part = path.parent / f".{uuid4().hex}"
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
                yield file
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def close(self) -> None:
        # A sync of each of a hundred thousand files would take minutes. An object that a crash of the machine has
        # damaged before this is in no snapshot, and is compared with its name before another backup uses it.
        os.sync()

    def commit(self) -> None:
        folder = self.root / "snapshots"
        (self.root / self.folder).rename(folder / self.snapshot)
        sync_folder(folder)


class ArchivePlace(Place):
    """A ZIP file with one snapshot."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        try:
            self.zip = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise BackupError(f"{path} is not a complete backup: {error}.") from error

    def _open_stored(self, name: str) -> IO[bytes]:
        try:
            return self.zip.open(name)
        except KeyError as error:
            raise FileNotFoundError(name) from error

    def _find_stored_size(self, name: str) -> int | None:
        try:
            return self.zip.getinfo(name).file_size
        except KeyError:
            return None

    def list_snapshots(self) -> list[str]:
        suffix = f"/{MANIFEST}"
        names = (name for name in self.zip.namelist() if name.startswith("snapshots/") and name.endswith(suffix))
        return sorted(name.split("/")[1] for name in names)


class ArchiveTarget(ArchivePlace, Target):
    """A ZIP file that is written beside its final name."""

    def __init__(self, path: Path, snapshot: str) -> None:
        Place.__init__(self)
        self.path, self.part = path, path.with_name(f".{path.name}.part")
        self.folder = f"snapshots/{snapshot}"
        self.file = os.fdopen(os.open(self.part, os.O_RDWR | os.O_CREAT, FILE_MODE), "r+b")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another backup may have renamed the file after this process opened it.
            taken = not self.part.exists() or not os.path.samestat(self.part.stat(), os.fstat(self.file.fileno()))
        except BlockingIOError:
            taken = True
        if taken:
            self.file.close()
            raise BackupError(f"Another process is writing {path}.")
        self.file.truncate()
        self.zip = zipfile.ZipFile(self.file, "w", zipfile.ZIP_STORED)

    @contextmanager
    def _write_stored(self, name: str) -> Iterator[IO[bytes]]:
        with self.zip.open(name, "w", force_zip64=True) as file:
            yield file

    def close(self) -> None:
        self.zip.close()
        self.file.flush()
        os.fsync(self.file.fileno())
        self.zip = zipfile.ZipFile(self.part)

    def commit(self) -> None:
        self.part.replace(self.path)
        sync_folder(self.path.parent)

    def discard(self) -> None:
        self.zip.close()
        self.part.unlink(missing_ok=True)
        self.file.close()


@contextmanager
def open_target(path: Path, snapshot: str) -> Iterator[Target]:
    """Yield a target for a new snapshot: a ZIP file if the path ends in `.zip`, otherwise a folder."""
    if path.suffix == ARCHIVE_SUFFIX:
        archive = ArchiveTarget(path, snapshot)
        try:
            yield archive
        finally:
            archive.discard()
        return
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if any(path.iterdir()) and not any((path / name).exists() for name in ("snapshots", ".lock")):
        raise BackupError(f"{path} contains other files. Name a folder of its own for backups.")
    target = FolderTarget(path, snapshot)
    with target.lock(exclusive=True):
        target.remove_leftovers()
        yield target


@contextmanager
def open_place(path: Path) -> Iterator[Place]:
    """Yield the place of existing backups. None is removed in the meantime."""
    if path.is_file():
        place = ArchivePlace(path)
        with place.zip:
            yield place
    elif (path / "snapshots").is_dir():
        folder = FolderPlace(path)
        with folder.lock(exclusive=False):
            yield folder
    else:
        raise BackupError(f"There are no backups in {path}.")
