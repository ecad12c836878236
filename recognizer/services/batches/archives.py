"""ZIP files from strangers, unpacked under hard limits.

Bounded: the size of the archive, of its directory and of its names; the number of files; their sizes as announced and
as they come out; how many times larger than the archive they are. Refused: encryption, compression methods that need
much memory, archives within, overlapping entries. Names are shown and never used as paths.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext as _

from mlcore.reading.decode import MAX_BYTES
from recognizer.problems import Problem
from recognizer.services.batches.zip_directory import HEADER_SIGNATURE, Entry, data_offset, read_directory

UNPACKED_MAX_BYTES = 1024 * 1024 * 1024
MOST_TIMES_LARGER = 100  # than the archive; only blank pictures are packed more tightly
ALWAYS_UNPACKED_BYTES = 50 * 1024 * 1024  # small archives of blank pictures may unpack to this much
CHUNK_BYTES = 64 * 1024

ZIP_MAGIC = HEADER_SIGNATURE
ARCHIVES = (ZIP_MAGIC, b"PK\x05\x06", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
RUBBISH = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
STORED, DEFLATED = 0, 8  # compression methods


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    data: bytes
    error: str = ""  # a code of problems.KINDS, where it could not be unpacked


def unpack(file: IO[bytes], *, most: int) -> Iterator[Member]:
    """Yield every file of the archive; raise Problem where the archive as a whole is refused."""
    entries = [entry for entry in read_directory(file, most=most) if not _is_rubbish(entry.name)]
    if not entries:
        raise Problem("missing_file", _("The ZIP file contains no files."))
    archive_bytes = file.seek(0, 2)
    allowed = min(UNPACKED_MAX_BYTES, max(ALWAYS_UNPACKED_BYTES, MOST_TIMES_LARGER * archive_bytes))
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
    data = _stored(file, entry) if entry.method == STORED else _inflated(file, entry)
    if data is None or len(data) != entry.unpacked_bytes or zlib.crc32(data) != entry.crc:
        return Member(name, b"", "corrupt_image")
    if data.startswith(ARCHIVES):
        return Member(name, b"", "nested_archive")
    return Member(name, data)


def _stored(file: IO[bytes], entry: Entry) -> bytes | None:
    return file.read(entry.packed_bytes) if entry.packed_bytes == entry.unpacked_bytes else None


def _inflated(file: IO[bytes], entry: Entry) -> bytes | None:
    """Return the unpacked bytes; None where they are damaged or more than the directory announced."""
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


def _is_rubbish(name: str) -> bool:
    return name.startswith(RUBBISH[0]) or name.rpartition("/")[2] in RUBBISH


def shown_name(name: str) -> str:
    """Return a file's name for lists: folders kept, `..` dropped, nothing that does not print."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    printable = "".join(letter for letter in "/".join(parts) if letter.isprintable())
    return printable[-200:]
