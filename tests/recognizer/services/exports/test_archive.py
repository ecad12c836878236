"""ZIP files written as a whole or in parts."""

import io
import zipfile

import pytest

from recognizer.services.exports import archive as archives
from recognizer.services.exports.archive import Archive, end_record


def write_parts(parts: list[dict[str, bytes]], offset: int = 0) -> bytes:
    """Return a file of which each part is written by an archive of its own."""
    data, directory, members = b"", b"", 0
    for part in parts:
        archive = Archive(offset + len(data))
        for name, content in part.items():
            data += b"".join(archive.add(name, [content], compressed=len(content) > 3))
        directory += archive.end_part()
        members += archive.members
    return (
        data
        + directory
        + end_record(members=members, directory_bytes=len(directory), directory_offset=offset + len(data))
    )


@pytest.mark.parametrize("zip64_from", [None, 1])
def test_a_file_in_parts_is_a_file(tmp_path, monkeypatch, zip64_from):
    if zip64_from:
        monkeypatch.setattr(archives, "LARGEST_COUNT", zip64_from)
    parts = [{"a.txt": b"a" * 1000, "b.txt": b"b"}, {}, {"ü.txt": b"", "c/d.bin": bytes(range(256))}]
    file = tmp_path / "all.zip"
    file.write_bytes(write_parts(parts))
    with zipfile.ZipFile(file) as opened:
        assert opened.testzip() is None
        expected = {name: content for part in parts for name, content in part.items()}
        assert {name: opened.read(name) for name in opened.namelist()} == expected


def test_members_behind_four_gigabytes_are_found():
    """The file itself is not made: its first five gigabytes are missing."""
    offset = 5 * 1024**3
    written = write_parts([{"a.txt": b"aaaa"}, {"b.txt": b"bb"}], offset)

    class Sparse(io.RawIOBase):
        """A file whose beginning is a hole, with the written bytes behind it."""

        def __init__(self) -> None:
            self.place = 0

        def seek(self, place: int, whence: int = 0) -> int:
            self.place = place + (0, self.place, offset + len(written))[whence]
            return self.place

        def tell(self) -> int:
            return self.place

        def seekable(self) -> bool:
            return True

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            start = self.place - offset
            assert start >= 0
            data = written[start : start + size if size >= 0 else None]
            self.place += len(data)
            return data

    with zipfile.ZipFile(Sparse()) as opened:
        assert opened.read("a.txt") == b"aaaa"
        assert opened.read("b.txt") == b"bb"


def test_a_whole_file_has_its_own_end():
    archive = Archive()
    content = b"".join([*archive.add("a.txt", ["a", b"b"]), *archive.end()])
    assert zipfile.ZipFile(io.BytesIO(content)).read("a.txt") == b"ab"


def test_an_empty_file_has_an_end_record():
    assert zipfile.ZipFile(io.BytesIO(write_parts([{}]))).namelist() == []
