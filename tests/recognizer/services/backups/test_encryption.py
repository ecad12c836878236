"""Tests of encrypted backups: nothing can be read without the key, and nothing changed without being noticed."""

import io
import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mlcore.artifact import CARD
from recognizer.services.backups.encryption import (
    CHUNK_BYTES,
    HEADER_BYTES,
    TAG_BYTES,
    BackupKey,
    DecryptingFile,
    EncryptingFile,
    content_size,
)
from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.folder import FolderPlace
from recognizer.services.backups.retention import Retention, remove_old_backups
from recognizer.services.backups.take import take_backup
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry.model_files import store_shipped_artifacts
from recognizer.services.space.purge import remove_uploads
from tests.pictures import digit_png
from tests.recognizer.services.backups.conftest import contents
from tests.recognizer.services.backups.test_backups import faults

KEY = "0f" * 32
STORED_CHUNK = CHUNK_BYTES + TAG_BYTES
pytestmark = pytest.mark.any_database  # it is files that are encrypted


def encrypt(content: bytes, name: str = "tables/a", key: str = KEY) -> bytes:
    file = io.BytesIO()
    encrypting = EncryptingFile(file, BackupKey(key), name)
    for start in range(0, len(content), 100_000):
        encrypting.write(content[start : start + 100_000])
    encrypting.finish()
    return file.getvalue()


def decrypt(stored: bytes, name: str = "tables/a", key: str = KEY) -> bytes:
    return io.BufferedReader(DecryptingFile(io.BytesIO(stored), BackupKey(key), name)).read()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_a_file_is_read_as_it_was_written(size):
    content = os.urandom(size)
    stored = encrypt(content)
    assert decrypt(stored) == content
    assert content_size(len(stored)) == size
    assert encrypt(content) != stored


def changed(stored: bytes, kind: str) -> bytes:
    chunks = [stored[start : start + STORED_CHUNK] for start in range(HEADER_BYTES, len(stored), STORED_CHUNK)]
    header = stored[:HEADER_BYTES]
    return {
        "a bit": stored[:-30] + bytes([stored[-30] ^ 1]) + stored[-29:],
        "the salt": stored[:10] + bytes([stored[10] ^ 1]) + stored[11:],
        "the magic": b"?" + stored[1:],
        "the last chunk is cut off": header + b"".join(chunks[:-1]),
        "all chunks are cut off": header,
        "half a chunk is cut off": stored[:-CHUNK_BYTES],
        "two chunks are swapped": header + chunks[1] + chunks[0] + b"".join(chunks[2:]),
        "a chunk is left out": header + chunks[0] + b"".join(chunks[2:]),
        "something is appended": stored + chunks[0],
        "empty": b"",
    }[kind]


KINDS = [
    "a bit",
    "the salt",
    "the magic",
    "the last chunk is cut off",
    "all chunks are cut off",
    "half a chunk is cut off",
    "two chunks are swapped",
    "a chunk is left out",
    "something is appended",
    "empty",
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_change_is_noticed(kind):
    with pytest.raises(OSError, match=r"changed|not encrypted"):
        decrypt(changed(encrypt(os.urandom(3 * CHUNK_BYTES + 5)), kind))


def test_a_file_does_not_pass_for_another_one_and_needs_its_key():
    stored = encrypt(b"rows")
    with pytest.raises(OSError, match="changed"):
        decrypt(stored, name="tables/b")
    with pytest.raises(OSError, match="changed"):
        decrypt(stored, key="0e" * 32)


@pytest.mark.parametrize("text", ["short", "0f" * 31, "0f" * 33, "xy" * 32])
def test_a_key_of_another_form_is_refused(text):
    with pytest.raises(BackupError, match="64 hexadecimal digits"):
        BackupKey(text)


# --- Whole backups -----------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def key(settings) -> str:
    settings.BACKUP_KEY = KEY
    return KEY


@pytest.fixture
def seven(alice, model):
    store_shipped_artifacts()
    return create_prediction(owner=alice, data=digit_png(7), source="upload")


@pytest.mark.django_db(transaction=True)
def test_nothing_of_an_encrypted_backup_can_be_read(place, seven, key, settings):
    take_backup(place)
    files = [path for path in place.rglob("*") if path.is_file() and path.name != ".lock"]
    stored = b"".join(path.read_bytes() for path in files)
    assert len(files) > 20
    for plain in (digit_png(7), b"alice", b"recognizer_upload", CARD.encode(), b'"manifest"'):
        assert plain not in stored
    assert seven.upload.sha256 not in str(files)
    assert faults(place) == []
    assert str(seven.upload_id) in str(contents(place))


@pytest.mark.django_db(transaction=True)
def test_unchanged_files_are_stored_once_and_removed_with_their_last_backup(place, seven, alice, key):
    first = take_backup(place)
    other = create_prediction(owner=alice, data=digit_png(4), source="upload")
    assert take_backup(place).new_files == 1
    remove_uploads([other.upload])
    last = take_backup(place)
    assert last.new_files == 0
    assert remove_old_backups(place, Retention(daily=1)) != []
    assert faults(place) == []
    assert len(list(FolderPlace(place).list_objects())) == first.new_files


@pytest.mark.django_db(transaction=True)
def test_without_the_key_or_with_another_one_it_is_refused_in_words(place, seven, key, settings):
    take_backup(place)
    settings.BACKUP_KEY = ""
    for command in ("backup", "restore", "verify_backup"):
        errors = StringIO()
        with pytest.raises(CommandError) as caught:
            call_command(command, str(place), stdout=StringIO(), stderr=errors)
        assert "encrypted. Set BACKUP_KEY" in f"{caught.value} {errors.getvalue()}"
    settings.BACKUP_KEY = "0e" * 32
    with pytest.raises(CommandError, match="cannot be restored"):
        call_command("verify_backup", str(place), stdout=StringIO(), stderr=StringIO())
    assert len(FolderPlace(place).list_snapshots()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_folder_has_no_mixture(place, seven, settings):
    take_backup(place)
    settings.BACKUP_KEY = KEY
    with pytest.raises(CommandError, match="not encrypted with BACKUP_KEY"):
        call_command("backup", str(place), stdout=StringIO(), stderr=StringIO())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["backups", "all.zip"])
def test_an_encrypted_backup_is_restored(tmp_path, name, seven, key, migrated):
    take_backup(tmp_path / name)
    migrated.environment["BACKUP_KEY"] = key
    assert "were restored" in migrated.run("restore", tmp_path / name)
    assert (migrated.media / seven.upload.original.name).read_bytes() == digit_png(7)
    assert migrated.query("SELECT sha256 FROM recognizer_upload") == [(seven.upload.sha256,)]
