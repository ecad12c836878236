"""ZIP files that are returned in pieces while they are written, as a whole or in parts."""

import struct
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, cast

DATE = (2000, 1, 1, 0, 0, 0)  # of every member, so that equal contents are equal files
LARGEST_COUNT, LARGEST_SIZE = 0xFFFF, 0xFFFFFFFF  # of an end record without ZIP64


class Archive:
    """A ZIP file, or the part of one that begins after `offset` bytes."""

    def __init__(self, offset: int = 0) -> None:
        self.output = _Pieces(offset)
        self.zip = zipfile.ZipFile(cast(Any, self.output), "w")
        self.members = 0

    def add(self, name: str, content: Iterable[str | bytes], *, compressed: bool = True) -> Iterator[bytes]:
        member = zipfile.ZipInfo(name, date_time=DATE)
        member.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        with self.zip.open(member, "w", force_zip64=True) as file:
            for piece in content:
                file.write(piece.encode() if isinstance(piece, str) else piece)
                yield from self.output.take()
        self.members += 1
        yield from self.output.take()

    def end(self) -> Iterator[bytes]:
        """Return the directory and the end record of a whole file."""
        self.zip.close()
        yield from self.output.take()

    def end_part(self) -> bytes:
        """Return the part's entries of the directory, which stands behind all parts."""
        tail = b"".join(self.end())
        # The end record, which follows the directory, tells the directory's size.
        size = int.from_bytes(tail[-10:-6], "little")
        return tail[:size]


def end_record(*, members: int, directory_bytes: int, directory_offset: int) -> bytes:
    """Return what follows the directory of a file that was written in parts."""
    record = b""
    if members > LARGEST_COUNT or max(directory_bytes, directory_offset) > LARGEST_SIZE:
        sizes = (members, members, directory_bytes, directory_offset)
        record += struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *sizes)
        record += struct.pack("<4sLQL", b"PK\x06\x07", 0, directory_offset + directory_bytes, 1)
    count, size = min(members, LARGEST_COUNT), min(directory_bytes, LARGEST_SIZE)
    offset = min(directory_offset, LARGEST_SIZE)
    return record + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, offset, 0)


class _Pieces:
    """A file that can only be written, as zipfile expects of a stream."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.pieces.append(bytes(data))
        self.offset += len(data)
        return len(data)

    def tell(self) -> int:
        return self.offset

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def take(self) -> Iterator[bytes]:
        pieces, self.pieces = self.pieces, []
        if pieces:
            yield b"".join(pieces)
