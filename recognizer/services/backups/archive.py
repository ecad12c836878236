"""A ZIP file with one backup."""

import fcntl
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mlcore.atomic_files import sync_folder
from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.folder import FILE_MODE
from recognizer.services.backups.place import MANIFEST, Place, Target


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
