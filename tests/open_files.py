"""The names of open files."""

import os
from pathlib import Path


def name_of(descriptor: int) -> Path:
    """Return the path that leads to an open file now; it may have been renamed."""
    opened = Path(f"/proc/self/fd/{descriptor}").readlink()
    key = os.fstat(descriptor).st_ino
    return next((path for path in opened.parent.iterdir() if path.lstat().st_ino == key), opened)
