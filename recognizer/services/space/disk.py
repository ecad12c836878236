"""The floor of free disk space, below which no more pictures and no more derived files are stored.

The rest of the space is kept for corrections, the database, its journal, and logs, which must not fail.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection

from recognizer.problems import Problem


def require_disk_space() -> None:
    """Raise Problem if less disk space is free than DISK_FLOOR_BYTES."""
    if not has_disk_space():
        raise Problem("storage_full")


def has_disk_space() -> bool:
    """Return whether files and database have more free disk space than the floor. Storages without a disk do."""
    floor = settings.DISK_FLOOR_BYTES
    return not floor or all(free_bytes(folder) > floor for folder in folders())


def folders() -> Iterator[Path]:
    """Yield the folders of this machine that grow with every picture."""
    with suppress(NotImplementedError):  # a storage that is not a folder, such as S3
        yield Path(default_storage.path(""))
    if connection.vendor == "sqlite":
        yield Path(str(connection.settings_dict["NAME"])).parent


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the volume on which the folder is, or will be once something is stored."""
    try:
        return shutil.disk_usage(folder).free
    except FileNotFoundError:
        return free_bytes(folder.parent) if folder != folder.parent else 0
