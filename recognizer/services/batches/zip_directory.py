"""The directory of an untrusted ZIP archive, read under hard limits.

`zipfile` follows ZIP64 records that an earlier check may not have seen, and opens entries that share bytes. Only this
module reads the directory, so the entries that are checked are those that are unpacked. Every limit is checked before
memory is allocated.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import IO

from django.utils.translation import gettext as _

from recognizer.problems import Problem

ZIP_MAX_BYTES = 200 * 1024 * 1024
DIRECTORY_MAX_BYTES = 4 * 1024 * 1024
NAME_MAX_BYTES = 1024
COMMENT_MAX_BYTES = 65_535

END = struct.Struct("<4s4H2LH")  # signature, two disks, entries here, entries, directory bytes, offset, comment bytes
ENTRY = struct.Struct("<4s6H3L5H2L")  # signature, versions, flags, method, time, date, CRC, sizes, lengths, …, offset
HEADER = struct.Struct("<4s5H3L2H")  # signature, version, flags, method, time, date, CRC, sizes, name, extra
END_SIGNATURE, ENTRY_SIGNATURE, HEADER_SIGNATURE = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
ZIP64_LOCATOR_SIGNATURE, ZIP64_LOCATOR_BYTES = b"PK\x06\x07", 20
IS_ENCRYPTED, IS_UTF8 = 0x1, 0x800  # flags


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive, as the directory describes it."""

    name: str
    flags: int
    method: int
    crc: int
    packed_bytes: int
    unpacked_bytes: int
    offset: int  # of its header
    raw_name: bytes

    @property
    def is_encrypted(self) -> bool:
        return bool(self.flags & IS_ENCRYPTED)


def read_directory(file: IO[bytes], *, most: int) -> list[Entry]:
    """Return the files of the archive in the directory's order; raise Problem if the archive is refused.

    `most` bounds the number of files. Folders are left out.
    """
    start, size, count = _find_directory(file)
    file.seek(start)
    entries = [entry for entry in _parse_entries(file.read(size), count) if not entry.name.endswith("/")]
    if len(entries) > most:
        raise Problem("too_many_files")
    _refuse_overlaps(entries, end=start)
    return entries


def data_offset(file: IO[bytes], entry: Entry) -> int | None:
    """Return where the packed bytes of an entry begin; None if its header contradicts the directory."""
    file.seek(entry.offset)
    header = file.read(HEADER.size + len(entry.raw_name))
    if len(header) < HEADER.size or not header.startswith(HEADER_SIGNATURE):
        return None
    fields = HEADER.unpack_from(header)
    method, name_bytes, extra_bytes = int(fields[3]), int(fields[9]), int(fields[10])
    if method != entry.method or header[HEADER.size :] != entry.raw_name or name_bytes != len(entry.raw_name):
        return None
    return entry.offset + HEADER.size + name_bytes + extra_bytes


def _find_directory(file: IO[bytes]) -> tuple[int, int, int]:
    """Return the directory's offset, its size in bytes and its number of entries."""
    file.seek(0, 2)
    size = file.tell()
    if size > ZIP_MAX_BYTES:
        raise Problem("archive_too_large")
    tail_start = max(0, size - END.size - COMMENT_MAX_BYTES)
    file.seek(tail_start)
    tail = file.read()
    found = tail.rfind(END_SIGNATURE)
    if found < 0 or len(tail) < found + END.size:
        raise Problem("corrupt_archive")
    _signature, disk, first_disk, count_here, count, directory_bytes, offset, comment_bytes = END.unpack_from(
        tail, found
    )
    end = tail_start + found
    if tail[max(0, found - ZIP64_LOCATOR_BYTES) : found].startswith(ZIP64_LOCATOR_SIGNATURE):
        raise Problem(
            "corrupt_archive", _("ZIP64 files are not supported. Create an ordinary ZIP file of at most 200 MB.")
        )
    if directory_bytes > DIRECTORY_MAX_BYTES or directory_bytes < count * ENTRY.size:
        raise Problem("too_many_files" if directory_bytes > DIRECTORY_MAX_BYTES else "corrupt_archive")
    is_whole = (disk, first_disk, count_here) == (0, 0, count) and end + END.size + comment_bytes == size
    if not is_whole or offset + directory_bytes != end:
        raise Problem("corrupt_archive")
    return offset, directory_bytes, count


def _parse_entries(directory: bytes, count: int) -> Iterator[Entry]:
    at = 0
    for _number in range(count):
        if len(directory) < at + ENTRY.size or not directory.startswith(ENTRY_SIGNATURE, at):
            raise Problem("corrupt_archive")
        fields = ENTRY.unpack_from(directory, at)
        flags, method, crc, packed_bytes, unpacked_bytes = fields[3], fields[4], *fields[7:10]
        name_bytes, extra_bytes, comment_bytes, offset = *fields[10:13], fields[16]
        start = at + ENTRY.size
        at = start + name_bytes + extra_bytes + comment_bytes
        if name_bytes > NAME_MAX_BYTES or at > len(directory):
            raise Problem("corrupt_archive")
        raw_name = directory[start : start + name_bytes]
        name = raw_name.decode("utf-8" if flags & IS_UTF8 else "cp437", "replace")
        yield Entry(name, flags, method, crc, packed_bytes, unpacked_bytes, offset, raw_name)
    if at != len(directory):
        raise Problem("corrupt_archive")


def _refuse_overlaps(entries: list[Entry], *, end: int) -> None:
    """Raise Problem if two entries share bytes: a few kilobytes could then unpack to a gigabyte."""
    spans = sorted(
        (entry.offset, entry.offset + HEADER.size + len(entry.raw_name) + entry.packed_bytes) for entry in entries
    )
    if any(stop > next_start for (_, stop), (next_start, _) in pairwise(spans)) or (spans and spans[-1][1] > end):
        raise Problem("corrupt_archive", _("Files in the ZIP file overlap. Create the ZIP file again."))
