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
        self._make_folder(final.parent)
        with open_atomic(final, self.file_permissions_mode) as file:
            for chunk in content.chunks():
                file.write(chunk)
        return str(name).replace("\\", "/")

    def _make_folder(self, folder: Path) -> None:
        """Create a folder and those above it with the permissions of the settings, whatever the umask is."""
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        if self.directory_permissions_mode is not None:
            folder.chmod(self.directory_permissions_mode)


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names with hashes, in the imports between our own modules too: no page mixes two releases."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((r"""(?P<matched>from "(?P<url>\./[^"]+)")""", 'from "%(url)s"'),)),
    )
