"""Storage classes for files on the disk, and what is the same for media wherever they are stored."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from mlcore.atomic_files import open_atomic


class AtomicFileSystemStorage(FileSystemStorage):
    """Media storage that writes atomically: a file under its final name is always complete.

    Each name contains a UUID and belongs to one row, so a repeated job replaces the file instead of adding another.
    """

    has_folders = True  # which may be empty

    def __init__(self) -> None:
        super().__init__(allow_overwrite=True)

    def _save(self, name: str, content: "File[bytes]") -> str:
        self._write(name, content, replaces=True)
        return str(name).replace("\\", "/")

    def save_new(self, name: str, content: "File[bytes]") -> bool:
        """Write a file unless one of this name exists, and return whether it was written."""
        try:
            self._write(name, content, replaces=False)
        except FileExistsError:
            return False
        return True

    def _write(self, name: str, content: "File[bytes]", *, replaces: bool) -> None:
        final = Path(self.path(name))
        modes = self.file_permissions_mode, self.directory_permissions_mode
        is_new_name = replaces and not final.exists()
        with open_atomic(
            final,
            modes[0],
            folder_permissions=modes[1],
            replaces=replaces,
            is_new_name=is_new_name,
            # What takes the place of another copy is always synced: that one may have survived a power failure.
            syncs=settings.SURVIVE_POWER_LOSS or not is_new_name,
        ) as file:
            for chunk in content.chunks():
                file.write(chunk)

    def delete(self, name: str) -> None:
        """Delete a file or an empty folder, and the folders above it that are empty then."""
        super().delete(name)
        for folder in Path(self.path(name)).parents:
            if folder == Path(self.location):
                return
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:  # it is not empty
                return


def walk(storage: Storage, folder: str) -> Iterator[str]:
    """Yield the names of all files below a folder of a storage. The empty name is the storage itself."""
    list_tree = getattr(storage, "list_tree", None)
    if list_tree:  # it has no folders, and can list all names at once
        yield from list_tree(folder)
        return
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    start = f"{folder}/" if folder else ""
    yield from (f"{start}{name}" for name in files)
    for inner in sorted(folders):
        yield from walk(storage, f"{start}{inner}")


def size_and_time(storage: Storage, name: str) -> tuple[int, datetime]:
    """Return the size of a file and the time of its last change."""
    ask_both: Callable[[str], tuple[int, datetime]] | None = getattr(storage, "size_and_time", None)
    return ask_both(name) if ask_both else (storage.size(name), storage.get_modified_time(name))


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names with hashes, in the imports between our own modules too: no page mixes two releases."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((r"""(?P<matched>from "(?P<url>\./[^"]+)")""", 'from "%(url)s"'),)),
    )
