"""Storage classes for uploaded and static files."""

from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from mlcore.atomic_files import open_atomic


class AtomicFileSystemStorage(FileSystemStorage):
    """Media storage that writes atomically: a file under its final name is always complete.

    Each name contains a UUID and belongs to one row, so a repeated job replaces the file instead of adding another.
    """

    def __init__(self) -> None:
        super().__init__(allow_overwrite=True)

    def _save(self, name: str, content: "File[bytes]") -> str:
        final = Path(self.path(name))
        permissions = self.file_permissions_mode
        with open_atomic(final, permissions, folder_permissions=self.directory_permissions_mode) as file:
            for chunk in content.chunks():
                file.write(chunk)
        return str(name).replace("\\", "/")

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


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names with hashes, in the imports between our own modules too: no page mixes two releases."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((r"""(?P<matched>from "(?P<url>\./[^"]+)")""", 'from "%(url)s"'),)),
    )
