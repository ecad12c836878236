"""The unpacking of an uploaded artifact and of the ZIP files inside it, under limits."""

import re
import zipfile
from pathlib import Path
from typing import IO

MAX_ENTRIES = 60
MAX_UNPACKED_BYTES = 64 * 1024 * 1024  # of all entries together; the shipped model has 4.4 MB
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class UntrustedError(Exception):
    """A file that is refused. The message says why."""


def unpack_archive(file: IO[bytes], folder: Path) -> None:
    """Write the files of an archive into a folder. An archive with other things than plain files is refused."""
    for name, content in read_entries(file).items():
        (folder / name).write_bytes(content)


def read_entries(file: IO[bytes]) -> dict[str, bytes]:
    """Return the content of a ZIP file by name. What is unpacked is counted, whatever the directory announces."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES or len({entry.filename for entry in entries}) < len(entries):
                raise UntrustedError("The ZIP file has too many files, or two of the same name.")
            left, contents = MAX_UNPACKED_BYTES, {}
            for entry in entries:
                contents[entry.filename] = _read_entry(archive, entry, left)
                left -= len(contents[entry.filename])
            return contents
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, OverflowError) as error:
        raise UntrustedError("The ZIP file is damaged.") from error


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    if not PLAIN_NAME.fullmatch(entry.filename):
        raise UntrustedError("A file in the ZIP file has a name that is not allowed.")
    kind = entry.external_attr >> 28
    if entry.flag_bits & 1 or entry.compress_type not in PLAIN_METHODS or kind not in (0, 8):
        raise UntrustedError(f"{entry.filename} is encrypted, a link, or packed in an unusual way.")
    with archive.open(entry) as source:
        content = source.read(most + 1)
    if len(content) > most:
        raise UntrustedError("The ZIP file is too large when unpacked.")
    return content
