"""ZIP files that mean harm, and those that do not."""

import io
import struct
import zipfile
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcore.reading.files.decode import MAX_BYTES
from recognizer.problems import Problem
from recognizer.services.batches import archives, zip_directory
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
    struct.pack_into("<L", forged, end + 12, zip_directory.DIRECTORY_MAX_BYTES + 1)
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
    assert members(io.BytesIO(bytes(file))) == [("a.png", b"", "corrupt_image")]


@pytest.mark.parametrize(
    "inner",
    [zipped({"b.png": b"1"}).getvalue(), b"\x1f\x8b\x08...", b"Rar!\x1a\x07...", b"7z\xbc\xaf\x27\x1c"],
    ids=["zip", "gzip", "rar", "7z"],  # a ZIP holds the time, and each process of tests would name it otherwise
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


def test_an_ordinary_record_that_hides_a_zip64_directory_is_refused():
    """`zipfile` believes the ZIP64 record, whose directory may list millions of names."""
    file = bytearray(zipped({"a.png": b"1"}).getvalue())
    end = file.rfind(b"PK\x05\x06")
    directory_bytes, start = struct.unpack_from("<LL", file, end + 12)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, directory_bytes, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    assert refused(io.BytesIO(bytes(file[:end]) + record + locator + bytes(file[end:]))) == "corrupt_archive"


def test_entries_that_share_bytes_are_refused():
    """Forty-seven kilobytes would unpack to 925 MB."""
    file = zipped({"a.png": b"\0" * 1_000_000}).getvalue()
    start, end = file.find(b"PK\x01\x02"), file.rfind(b"PK\x05\x06")
    directory = file[start:end] * 900
    closing = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 900, 900, len(directory), start, 0)
    assert refused(io.BytesIO(file[:start] + directory + closing)) == "corrupt_archive"


def test_a_small_archive_that_unpacks_to_a_hundred_times_its_size_and_50_mb_is_refused():
    bomb = zipped({f"{n}.bmp": b"\0" * 10_000_000 for n in range(6)})
    assert len(bomb.getvalue()) < 100_000
    assert refused(bomb) == "archive_too_large"


def test_a_name_of_more_than_a_kilobyte_is_refused():
    assert refused(zipped({"n" * 1025: b"1"})) == "corrupt_archive"


def test_bytes_before_and_after_the_archive_are_refused():
    file = zipped({"a.png": b"1"}).getvalue()
    assert refused(io.BytesIO(b"x" + file)) == "corrupt_archive"
    assert refused(io.BytesIO(file + b"x")) == "corrupt_archive"


def test_a_header_that_names_another_file_than_the_directory_is_damaged():
    file = bytearray(zipped({"a.png": b"1"}).getvalue())
    file[file.find(b"a.png")] = ord("b")
    assert members(io.BytesIO(bytes(file))) == [("a.png", b"", "corrupt_image")]


@settings(max_examples=300)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_mutation_is_refused_or_unpacks_to_no_more_than_it_announces(seed: int):
    random = Random(seed)
    file = bytearray(zipped({f"{n}.png": random.randbytes(200) for n in range(5)}).getvalue())
    for _ in range(random.randint(1, 8)):
        file[random.randrange(len(file))] = random.randrange(256)
    try:
        unpacked = members(io.BytesIO(bytes(file)))
    except Problem as problem:
        assert problem.code in {"corrupt_archive", "too_many_files", "archive_too_large", "missing_file"}
    else:
        assert sum(len(data) for _, data, _ in unpacked) <= 5 * 200
