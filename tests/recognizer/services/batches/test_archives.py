"""ZIP files that mean harm, and those that do not."""

import io
import struct
import zipfile

import pytest

from mlcore.reading.decode import MAX_BYTES
from recognizer.problems import Problem
from recognizer.services.batches import archives
from recognizer.services.batches.archives import shown_name, unpack


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer


def members(file: io.BytesIO, most: int = 1000) -> list[tuple[str, bytes, str]]:
    return [(member.name, member.data, member.error) for member in unpack(file, most=most)]


def refused(file: io.BytesIO, most: int = 1000) -> str:
    with pytest.raises(Problem) as raised:
        members(file, most)
    return raised.value.code


def test_files_come_out_with_their_names():
    assert members(zipped({"a.png": b"1", "in/b.png": b"2"})) == [("a.png", b"1", ""), ("in/b.png", b"2", "")]


def test_folders_and_what_systems_leave_behind_are_passed_over():
    rubbish = {"in/": b"", "__MACOSX/._a.png": b"x", "in/.DS_Store": b"x", "Thumbs.db": b"x"}
    assert members(zipped({**rubbish, "a.png": b"1"})) == [("a.png", b"1", "")]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\pictures\\a.png", "C:/pictures/a.png"),
        ("..\\..\\a.png", "a.png"),
        ("a\u202e\x07gnp.png", "agnp.png"),
        ("n" * 400, "n" * 200),
    ],
)
def test_a_name_is_shown_and_leads_nowhere(name, shown):
    assert shown_name(name) == shown


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04 and then nothing", b"PK\x05\x06"])
def test_what_is_no_zip_is_refused(data):
    assert refused(io.BytesIO(data)) == "corrupt_archive"


def test_a_cut_zip_is_refused():
    whole = zipped({"a.png": b"1" * 1000}).getvalue()
    assert refused(io.BytesIO(whole[: len(whole) // 2])) == "corrupt_archive"


def test_too_many_files_are_refused():
    assert refused(zipped({f"{n}.png": b"x" for n in range(4)}), most=3) == "too_many_files"


def test_a_directory_of_a_million_names_is_not_even_read():
    file = zipped({"a.png": b"1"})
    end = file.getvalue().rfind(b"PK\x05\x06")
    forged = bytearray(file.getvalue())
    struct.pack_into("<L", forged, end + 12, archives.DIRECTORY_MAX_BYTES + 1)
    assert refused(io.BytesIO(bytes(forged))) == "too_many_files"


def test_a_zip_that_says_it_unpacks_to_more_than_a_gigabyte_is_refused(monkeypatch):
    monkeypatch.setattr(archives, "UNPACKED_MAX_BYTES", 1000)
    assert refused(zipped({"a.png": b"\0" * 600, "b.png": b"\0" * 600})) == "archive_too_large"


def test_a_file_too_large_is_not_unpacked_whole():
    bomb = zipped({"bomb.png": b"\0" * (MAX_BYTES + 1), "a.png": b"1"})
    assert len(bomb.getvalue()) < 100_000
    assert members(bomb) == [("bomb.png", b"", "file_too_large"), ("a.png", b"1", "")]


def test_a_member_that_lies_about_its_size_gives_no_more_than_it_said():
    file = bytearray(zipped({"a.png": b"\0" * 5000}).getvalue())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", file, file.find(signature) + offset, 10)
    ((_, data, error),) = members(io.BytesIO(bytes(file)))
    assert len(data) <= 10 or error


@pytest.mark.parametrize(
    "inner", [zipped({"b.png": b"1"}).getvalue(), b"\x1f\x8b\x08...", b"Rar!\x1a\x07...", b"7z\xbc\xaf\x27\x1c"]
)
def test_an_archive_within_is_not_opened(inner):
    assert members(zipped({"inner.zip": inner})) == [("inner.zip", b"", "nested_archive")]


def test_a_damaged_member_bothers_no_other():
    file = bytearray(zipped({"a.png": b"1" * 50, "b.png": b"2" * 50}, zipfile.ZIP_STORED).getvalue())
    file[file.find(b"1" * 50)] = 0
    assert members(io.BytesIO(bytes(file))) == [("a.png", b"", "corrupt_image"), ("b.png", b"2" * 50, "")]


def test_an_encrypted_member_is_said_to_be():
    file = bytearray(zipped({"a.png": b"1"}).getvalue())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        file[file.find(signature) + offset] |= 1
    assert members(io.BytesIO(bytes(file))) == [("a.png", b"", "encrypted_file")]


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_methods_that_need_much_memory_are_not_used(method):
    ((_, data, error),) = members(zipped({"a.png": b"1" * 100}, method))
    assert (data, error) == (b"", "corrupt_image")
