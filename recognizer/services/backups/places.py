"""The addresses of places of backups: a folder, a ZIP file, or a bucket as s3://BUCKET/PREFIX."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recognizer.services.backups.archive import ArchivePlace, ArchiveTarget
from recognizer.services.backups.bucket import SCHEME, BucketAddress, BucketPlace, BucketTarget
from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.folder import FolderPlace, FolderTarget
from recognizer.services.backups.place import Place, SharedPlace, Target

ARCHIVE_SUFFIX = ".zip"
Address = Path | BucketAddress


def parse_address(text: str) -> Address:
    return BucketAddress.parse(text) if text.startswith(SCHEME) else Path(text)


def is_archive(address: Address) -> bool:
    return isinstance(address, Path) and address.suffix == ARCHIVE_SUFFIX


@contextmanager
def open_target(address: Address, snapshot: str) -> Iterator[Target]:
    """Yield a target for a new snapshot. A path that ends in `.zip` is a ZIP file, any other a folder."""
    if isinstance(address, BucketAddress):
        with BucketTarget(address, snapshot).opened() as target:
            yield target
    elif is_archive(address):
        archive = ArchiveTarget(address, snapshot)
        try:
            yield archive
        finally:
            archive.discard()
    else:
        with FolderTarget(address, snapshot).opened() as target:
            yield target


def shared_place(address: Address) -> SharedPlace:
    """Return a folder or a bucket that keeps many backups."""
    return BucketPlace(address) if isinstance(address, BucketAddress) else FolderPlace(address)


@contextmanager
def open_place(address: Address) -> Iterator[Place]:
    """Yield the place of existing backups. From a folder none is removed in the meantime."""
    if isinstance(address, Path) and address.is_file():
        place = ArchivePlace(address)
        with place.zip:
            yield place
    elif isinstance(address, BucketAddress) or (address / "snapshots").is_dir():
        shared = shared_place(address)
        with shared.lock(exclusive=False):
            yield shared
    else:
        raise BackupError(f"There are no backups in {address}.")
