"""Untrusted ZIP archives, unpacked under hard limits.

The limits bound the size of the archive, of its directory and of its names, the number of files, their announced and
their real sizes, and the ratio of unpacked to packed bytes. Encrypted files, compression methods that need much memory,
archives inside the archive and overlapping entries are refused. Names are only shown, never used as paths.
`zip_directory.py` checks what the directory tells, before anything is unpacked.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext as _

from mlcore.reading.files.decode import MAX_BYTES
from recognizer.problems import Problem
from recognizer.services.batches.zip_directory import HEADER_SIGNATURE, Entry, data_offset, read_directory

UNPACKED_MAX_BYTES = 1024 * 1024 * 1024
MAX_RATIO = 100  # of unpacked to packed bytes; only blank images are compressed better
ALWAYS_ALLOWED_BYTES = 50 * 1024 * 1024  # small archives of blank images may exceed the ratio up to this size
CHUNK_BYTES = 64 * 1024

ZIP_MAGIC = HEADER_SIGNATURE
ARCHIVES = (ZIP_MAGIC, b"PK\x05\x06", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
SYSTEM_FILES = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
STORED, DEFLATED = 0, 8  # compression methods


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    data: bytes
    error: str = ""  # a code of problems.KINDS if it could not be unpacked


def unpack(file: IO[bytes], *, most: int) -> Iterator[Member]:
    """Yield every file of the archive. Raise Problem if the whole archive is refused."""
    entries = [entry for entry in read_directory(file, most=most) if not _is_system_file(entry.name)]
    if not entries:
        raise Problem("missing_file", _("The ZIP file contains no files."))
    archive_bytes = file.seek(0, 2)
    allowed = min(UNPACKED_MAX_BYTES, max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * archive_bytes))
    if sum(min(entry.unpacked_bytes, MAX_BYTES) for entry in entries) > allowed:
        raise Problem("archive_too_large")
    for entry in entries:
        yield _unpack_entry(file, entry)


def _unpack_entry(file: IO[bytes], entry: Entry) -> Member:
    name = shown_name(entry.name)
    if entry.is_encrypted:
        return Member(name, b"", "encrypted_file")
    if entry.unpacked_bytes > MAX_BYTES:
        return Member(name, b"", "file_too_large")
    start = data_offset(file, entry)
    if start is None or entry.method not in (STORED, DEFLATED):
        return Member(name, b"", "corrupt_image")
    file.seek(start)
    data = _read_stored(file, entry) if entry.method == STORED else _inflate(file, entry)
    if data is None or len(data) != entry.unpacked_bytes or zlib.crc32(data) != entry.crc:
        return Member(name, b"", "corrupt_image")
    if data.startswith(ARCHIVES):
        return Member(name, b"", "nested_archive")
    return Member(name, data)


def _read_stored(file: IO[bytes], entry: Entry) -> bytes | None:
    return file.read(entry.packed_bytes) if entry.packed_bytes == entry.unpacked_bytes else None


def _inflate(file: IO[bytes], entry: Entry) -> bytes | None:
    """Return the unpacked bytes, or None if they are damaged or more than the directory announced."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = bytearray()
    left = entry.packed_bytes
    try:
        while not inflater.eof:
            packed = inflater.unconsumed_tail
            if not packed:
                packed = file.read(min(CHUNK_BYTES, left))
                left -= len(packed)
                if not packed:
                    return None
            data += inflater.decompress(packed, entry.unpacked_bytes - len(data) + 1)
            if len(data) > entry.unpacked_bytes:
                return None
    except zlib.error:
        return None
    return bytes(data)


def _is_system_file(name: str) -> bool:
    return name.startswith(SYSTEM_FILES[0]) or name.rpartition("/")[2] in SYSTEM_FILES


def shown_name(name: str) -> str:
    """Return the name to show for a file, without `..` and without characters that are not printable."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    printable = "".join(letter for letter in "/".join(parts) if letter.isprintable())
    return printable[-200:]
