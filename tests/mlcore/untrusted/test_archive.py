"""Tests of the unpacking of uploaded artifacts."""

import io
import stat
import zipfile

import pytest

from mlcore.untrusted.archive import MAX_ENTRIES, MAX_UNPACKED_BYTES, UntrustedError, read_entries, unpack_archive
from tests.model_archives import zipped


def read(data: bytes) -> dict[str, bytes]:
    return read_entries(io.BytesIO(data))


def test_plain_files_are_unpacked(tmp_path):
    files = {"card.json": b"{}", "model.onnx": b"\0" * 5_000}
    assert read(zipped(files, zipfile.ZIP_DEFLATED)) == files
    unpack_archive(io.BytesIO(zipped(files)), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(files)


@pytest.mark.parametrize("name", ["../card.json", "/etc/passwd", "a/card.json", "..", ".card", "a\\b", "x\ny", "é"])
def test_names_that_could_lead_elsewhere_are_refused(name: str, tmp_path):
    with pytest.raises(UntrustedError, match="name that is not allowed"):
        unpack_archive(io.BytesIO(zipped({name: b"x"})), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = zipped({"model.onnx": b"\0" * (MAX_UNPACKED_BYTES + 1)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < MAX_UNPACKED_BYTES / 500
    with pytest.raises(UntrustedError, match="too large when unpacked"):
        read(bomb)
    half = b"\0" * (MAX_UNPACKED_BYTES // 2 + 1)
    with pytest.raises(UntrustedError, match="too large when unpacked"):
        read(zipped({"a": half, "b": half}, zipfile.ZIP_DEFLATED))


def test_too_many_files_and_two_of_one_name_are_refused():
    with pytest.raises(UntrustedError, match="too many files"):
        read(zipped({f"f{number}": b"" for number in range(MAX_ENTRIES + 1)}))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("card.json", b"1")
        archive.writestr("card.json", b"2")
    with pytest.raises(UntrustedError, match="two of the same name"):
        read(packed.getvalue())


def test_links_encrypted_and_unusually_packed_files_are_refused():
    link = zipfile.ZipInfo("card.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(UntrustedError, match="a link"):
        read(packed.getvalue())
    encrypted = bytearray(zipped({"card.json": b"x"}))
    directory = encrypted.index(b"PK\x01\x02")
    encrypted[6] |= 1
    encrypted[directory + 8] |= 1
    with pytest.raises(UntrustedError, match="encrypted"):
        read(bytes(encrypted))
    with pytest.raises(UntrustedError, match="packed in an unusual way"):
        read(zipped({"card.json": b"x" * 100}, zipfile.ZIP_LZMA))


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"no archive", zipped({"a": b"x" * 99})[:-30]],
    ids=["empty", "signature", "text", "cut"],  # the time is in the last one: no process would know the name of another
)
def test_a_damaged_archive_is_refused(data: bytes):
    with pytest.raises(UntrustedError, match="damaged"):
        read(data)


def test_damaged_content_is_refused():
    packed = bytearray(zipped({"a": b"x" * 99}))
    packed[packed.index(b"xxx") + 5] = ord("y")
    with pytest.raises(UntrustedError, match="damaged"):
        read(bytes(packed))
