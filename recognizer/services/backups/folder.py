"""A folder of backups, in which files that have not changed are stored once."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

from mlcore.atomic_files import sync_folder
from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.place import SharedPlace, Target

FILE_MODE, FOLDER_MODE = 0o600, 0o700  # a backup contains all that people have stored


class FolderPlace(SharedPlace):
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
        """Hold the folder. Readers hold it too, so that nothing is removed while they read."""
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
        hidden = self.root / "snapshots" / f".{name}"
        (self.root / "snapshots" / name).rename(hidden)
        shutil.rmtree(hidden)

    def list_objects(self) -> Iterator[str]:
        for folder in sorted((self.root / "objects").glob("*")):
            yield from (f"objects/{folder.name}/{path.name}" for path in folder.iterdir())

    def remove_object(self, name: str) -> None:
        (self.root / name).unlink()


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

    @contextmanager
    def opened(self) -> Iterator["FolderTarget"]:
        """Make the folder, hold it, and yield the target."""
        self.root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if any(self.root.iterdir()) and not any((self.root / name).exists() for name in ("snapshots", ".lock")):
            raise BackupError(f"{self.root} contains other files. Name a folder of its own for backups.")
        with self.lock(exclusive=True):
            self.remove_leftovers()
            yield self
