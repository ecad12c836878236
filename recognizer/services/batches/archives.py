"""ZIP files from strangers: looked at before they are unpacked, and never believed while they are.

Checked: the size of the file and of its directory (a small ZIP can list millions of names), the number of members,
their sizes as announced and again as they come out, encryption, compression methods that need much memory, archives
within. Names are shown and never used as paths.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext as _

from mlcore.reading.decode import MAX_BYTES
from recognizer.problems import Problem

ZIP_MAX_BYTES = 200 * 1024 * 1024
UNPACKED_MAX_BYTES = 1024 * 1024 * 1024
DIRECTORY_MAX_BYTES = 4 * 1024 * 1024
COMMENT_MAX_BYTES = 65_535

END = struct.Struct("<4s4H2LH")  # the record at the end of a ZIP: signature, …, size of the directory, …
ZIP_MAGIC = b"PK\x03\x04"
ARCHIVES = (ZIP_MAGIC, b"PK\x05\x06", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
RUBBISH = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    data: bytes
    error: str = ""  # a code of problems.KINDS, where it could not be unpacked


def unpack(file: IO[bytes], *, most: int) -> Iterator[Member]:
    """Every file in it, one after the other; raises Problem if the archive as a whole is refused."""
    _check_end(file)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise Problem("corrupt_archive") from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir() and not _is_rubbish(info.filename)]
        if not infos:
            raise Problem("missing_file", _("There are no files in the ZIP."))
        if len(infos) > most:
            raise Problem("too_many_files")
        if sum(info.file_size for info in infos) > UNPACKED_MAX_BYTES:
            raise Problem("archive_too_large")
        yield from _unpack_members(archive, infos)


def _check_end(file: IO[bytes]) -> None:
    """Before `zipfile` reads the whole directory into memory."""
    file.seek(0, 2)
    size = file.tell()
    if size > ZIP_MAX_BYTES:
        raise Problem("archive_too_large")
    file.seek(max(0, size - END.size - COMMENT_MAX_BYTES))
    tail = file.read()
    start = tail.rfind(b"PK\x05\x06")
    if start < 0 or len(tail) < start + END.size:
        raise Problem("corrupt_archive")
    directory_bytes = END.unpack_from(tail, start)[5]
    if directory_bytes > DIRECTORY_MAX_BYTES:  # so is the mark of a ZIP64, which no archive of this size needs
        raise Problem("too_many_files")
    file.seek(0)


def _unpack_members(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> Iterator[Member]:
    unpacked = 0
    for info in infos:
        member = _unpack_member(archive, info)
        unpacked += len(member.data)
        if unpacked > UNPACKED_MAX_BYTES:
            raise Problem("archive_too_large")
        yield member


def _unpack_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    name = shown_name(info.filename)
    if info.flag_bits & 0x1:
        return Member(name, b"", "encrypted_file")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return Member(name, b"", "corrupt_image")
    try:
        with archive.open(info) as member:
            data = member.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return Member(name, b"", "corrupt_image")
    if len(data) > MAX_BYTES:
        return Member(name, b"", "file_too_large")
    if data.startswith(ARCHIVES):
        return Member(name, b"", "nested_archive")
    return Member(name, data)


def _is_rubbish(name: str) -> bool:
    return name.startswith(RUBBISH[0]) or name.rpartition("/")[2] in RUBBISH


def shown_name(name: str) -> str:
    """What a file is called in lists: folders kept, the way out of them dropped, nothing that does not print."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    printable = "".join(letter for letter in "/".join(parts) if letter.isprintable())
    return printable[-200:]
