"""Atomic writes: a file or folder under its final name is complete, whatever interrupts the process that writes it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4


@contextmanager
def open_atomic(path: Path, permissions: int | None = None) -> Iterator[IO[bytes]]:
    """Yield a file to write, then sync it and rename it to `path`. An exception leaves nothing behind.

    The last of several concurrent writers wins. `permissions` are set exactly; without them the umask decides.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{uuid4().hex}.part"
    # Created with its permissions, so that a secret is at no time readable by others.
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if permissions is None else permissions)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            if permissions is not None:
                os.fchmod(file.fileno(), permissions)
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def make_folder_atomic(path: Path) -> Iterator[Path]:
    """Yield a folder to fill, then rename it to `path`, which must not exist. An exception leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield part
        part.chmod(0o755)  # mkdtemp makes it readable for its owner alone
        part.rename(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
