"""Backups of a running installation: what they hold, what they notice, and which of them are kept."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from mlcore.artifact import CARD
from recognizer.models import Backup, Upload
from recognizer.services.backups import take
from recognizer.services.backups.files import Copier
from recognizer.services.backups.folder import FolderPlace
from recognizer.services.backups.place import object_name
from recognizer.services.backups.places import open_place
from recognizer.services.backups.retention import Retention, remove_old_backups
from recognizer.services.backups.take import MAX_ATTEMPTS, frozen_database, take_backup
from recognizer.services.backups.verify import find_faults
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry.model_versions import register_model
from recognizer.services.space.purge import remove_uploads
from tests.pictures import digit_png
from tests.recognizer.services.backups.conftest import contents, newest
from tests.recognizer.services.registry.artifacts import copy_shipped

pytestmark = pytest.mark.django_db(transaction=True)
files_decide = pytest.mark.any_database


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def seven(alice, model):
    return create_prediction(owner=alice, data=digit_png(7), source="upload")


def faults(place: Path) -> list[str]:
    with open_place(place) as opened:
        snapshot = newest(place)
        return list(find_faults(type(snapshot)(opened, snapshot.folder), reads_objects=True))


def objects(place: Path) -> set[str]:
    return {name.rpartition("/")[2] for name in FolderPlace(place).list_objects()}


def test_a_backup_has_every_row_and_every_file(place, seven):
    result = take_backup(place)
    held = contents(place)
    original = default_storage.open(seven.upload.original.name).read()
    digest = hashlib.sha256(original).hexdigest()
    assert f"{seven.upload.original.name} {digest} {len(original)}" in held["files"]
    assert (place / object_name(digest)).read_bytes() == original
    assert len(held["recognizer_upload"]) == 1 + 1  # the first line names the columns
    assert len(held["recognizer_glyph"]) == seven.glyphs.count() + 1
    assert faults(place) == []
    assert Backup.objects.get().snapshot == result.manifest.name


@files_decide
def test_only_the_owner_of_the_process_can_read_it(place, seven):
    take_backup(place)
    assert {path.stat().st_mode & 0o077 for path in place.rglob("*") if path.is_file() and path.name != ".lock"} == {0}
    assert place.stat().st_mode & 0o077 == 0


def test_a_session_is_not_in_it(place, seven):
    session = SessionStore()
    session["key"] = "value"
    session.save()
    take_backup(place)
    assert "django_session" not in contents(place)


@files_decide
def test_a_second_backup_copies_only_what_is_new(place, seven, alice):
    take_backup(place)
    create_prediction(owner=alice, data=digit_png(4), source="upload")
    again = take_backup(place)
    assert again.new_files == 1
    assert len(FolderPlace(place).list_snapshots()) == 2
    assert faults(place) == []


@files_decide
def test_equal_pictures_are_kept_once(place, seven, alice):
    create_prediction(owner=alice, data=digit_png(7), source="upload")
    take_backup(place)
    files = [line.split()[1] for line in contents(place)["files"] if "/original" in line]
    assert len(files) == 2
    assert len(set(files)) == 1


@files_decide
def test_a_zip_file_holds_the_same(place, seven, tmp_path):
    take_backup(tmp_path / "all.zip")
    take_backup(place)
    zipped, in_folder = contents(tmp_path / "all.zip"), contents(place)
    del zipped["recognizer_backup"], in_folder["recognizer_backup"]
    assert zipped == in_folder
    assert faults(tmp_path / "all.zip") == []
    assert [path.name for path in tmp_path.glob(".*")] == []


@files_decide
def test_an_earlier_zip_file_is_replaced_only_by_a_complete_one(tmp_path, seven, media):
    take_backup(tmp_path / "all.zip")
    before = (tmp_path / "all.zip").read_bytes()
    seven.upload.original.storage.delete(seven.upload.original.name)

    def stop(line: str) -> None:
        if "Verifying" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_backup(tmp_path / "all.zip", report=stop)
    assert (tmp_path / "all.zip").read_bytes() == before
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_file_that_was_lost_before_is_named_and_does_not_stop_the_backup(place, seven):
    default_storage.delete(seven.upload.original.name)
    errors = StringIO()
    call_command("backup", str(place), stdout=StringIO(), stderr=errors)
    assert f"no file: {seven.upload.original.name}" in errors.getvalue()
    assert faults(place) == []


def test_a_picture_that_is_removed_before_the_rows_are_frozen_is_not_in_it(place, seven, alice):
    gone = create_prediction(owner=alice, data=digit_png(4), source="upload").upload

    def remove(line: str) -> None:
        if "rows" in line:
            remove_uploads([gone])

    take_backup(place, report=remove)
    assert str(gone.pk) not in str(contents(place))
    assert str(seven.upload_id) in str(contents(place))


def test_the_rows_are_frozen_again_if_a_new_file_is_removed_before_it_is_copied(place, seven, alice, monkeypatch):
    late: list[Upload] = []

    def add(line: str) -> None:
        if "rows" in line:
            late.append(create_prediction(owner=alice, data=digit_png(4), source="upload").upload)

    copy, frozen = Copier.copy, []

    def remove_then_copy(copier: Copier, name: str):
        if late and name == late[0].original.name and not frozen:
            frozen.append(True)
            remove_uploads(late)
        return copy(copier, name)

    monkeypatch.setattr(Copier, "copy", remove_then_copy)
    result = take_backup(place, report=add)
    assert frozen
    assert result.manifest.lost == []
    assert str(late[0].pk) not in str(contents(place))
    assert faults(place) == []


def test_a_removal_during_each_attempt_does_not_stop_a_backup(place, seven, alice, monkeypatch):
    late: dict[str, Upload] = {}

    def add(line: str) -> None:
        for digit in range(MAX_ATTEMPTS + 2) if "rows" in line else ():
            upload = create_prediction(owner=alice, data=digit_png(digit % 10, seed=digit), source="upload").upload
            late[upload.original.name] = upload

    copy, attempts, removed = Copier.copy, [], []

    @contextmanager
    def frozen() -> Iterator[str]:
        attempts.append(True)
        with frozen_database() as alias:
            yield alias

    def remove_then_copy(copier: Copier, name: str):
        if name in late and len(removed) < len(attempts):
            removed.append(name)
            remove_uploads([late[name]])
        return copy(copier, name)

    monkeypatch.setattr(take, "frozen_database", frozen)
    monkeypatch.setattr(Copier, "copy", remove_then_copy)
    take_backup(place, report=add)
    assert (len(attempts), len(removed)) == (2, 1)
    assert faults(place) == []


def test_a_model_registered_before_the_rows_are_frozen_is_in_it_with_its_files(place, seven, tmp_path, monkeypatch):
    registered = []

    @contextmanager
    def register_then_freeze() -> Iterator[str]:
        registered.append(register_model(copy_shipped(tmp_path / "digits-other")))
        with frozen_database() as alias:
            yield alias

    monkeypatch.setattr(take, "frozen_database", register_then_freeze)
    take_backup(place)
    held = contents(place)
    (version,) = registered
    assert any("digits-other" in line for line in held["recognizer_modelversion"])
    files = {line.split()[0] for line in held["files"]}
    assert files >= {f"{version.stored_folder}/{name}" for name in (*version.card["files"], CARD)}


def test_rows_of_a_later_moment_are_not_in_it(place, seven, alice, monkeypatch):
    """The rows of all tables are those of one moment, although pictures are added between two tables."""
    write_table = take.write_table

    def add_then_write(model, alias, file):
        if model._meta.db_table == "recognizer_prediction":
            create_prediction(owner=alice, data=digit_png(4), source="upload")
        return write_table(model, alias, file)

    monkeypatch.setattr(take, "write_table", add_then_write)
    take_backup(place)
    held = contents(place)
    assert Upload.objects.count() == 2
    assert len(held["recognizer_upload"]) == len(held["recognizer_prediction"]) == 1 + 1


@files_decide
@pytest.mark.parametrize("part", ["manifest.json", "files.jsonl.gz", "tables/recognizer_upload.jsonl.gz"])
def test_a_changed_part_is_found(place, seven, part):
    take_backup(place)
    path = place / newest(place).folder / part
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert faults(place) != []
    with pytest.raises(CommandError):
        call_command("verify_backup", str(place), stdout=StringIO(), stderr=StringIO())


@files_decide
def test_a_changed_picture_is_found(place, seven):
    take_backup(place)
    path = place / object_name(seven.upload.sha256)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert faults(place) == [f"{seven.upload.original.name} is damaged."]


@files_decide
def test_a_missing_picture_is_found(place, seven):
    take_backup(place)
    (place / object_name(seven.upload.sha256)).unlink()
    assert faults(place) == [f"{seven.upload.original.name} is missing."]


@files_decide
def test_a_damaged_list_of_the_newest_backup_does_not_stop_the_next(place, seven):
    take_backup(place)
    damaged = next(place.glob("snapshots/*/files.jsonl.gz"))
    damaged.write_bytes(damaged.read_bytes()[:-20])

    lines: list[str] = []
    take_backup(place, report=lines.append)
    assert any(line.startswith("The newest backup is damaged, so all files are read again: ") for line in lines)
    assert faults(place) == []


def test_an_object_that_an_interrupted_backup_left_damaged_is_written_again(place, seven):
    path = place / object_name(seven.upload.sha256)
    path.parent.mkdir(parents=True)
    (place / "snapshots").mkdir()
    path.write_bytes(bytes(seven.upload.bytes))
    take_backup(place)
    assert faults(place) == []


@files_decide
def test_a_zip_file_that_was_cut_off_is_no_backup(tmp_path, seven):
    take_backup(tmp_path / "all.zip")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "all.zip").read_bytes()[:-30])
    with pytest.raises(CommandError, match="not a complete backup"):
        call_command("verify_backup", str(tmp_path / "cut.zip"))


@files_decide
def test_a_folder_with_other_files_is_not_used(tmp_path, seven):
    (tmp_path / "letter.txt").write_text("Dear Sir")
    with pytest.raises(CommandError, match="contains other files"):
        call_command("backup", str(tmp_path), stderr=StringIO())


@files_decide
def test_the_command_keeps_the_wanted_backups_and_what_they_need(place, seven, alice):
    first = take_backup(place).manifest.name
    only_first = seven.upload.sha256
    remove_uploads([seven.upload])
    create_prediction(owner=alice, data=digit_png(4), source="upload")
    shown = StringIO()
    call_command("backup", str(place), "--keep-daily", "1", stdout=shown, stderr=StringIO())
    assert f"{first}: removed" in shown.getvalue()
    assert first not in FolderPlace(place).list_snapshots()
    assert only_first not in objects(place)
    assert faults(place) == []


@files_decide
def test_nothing_is_removed_while_a_backup_cannot_be_read(place, seven):
    first = take_backup(place).manifest.name
    (place / "snapshots" / first / "manifest.json").write_text("{}")
    with pytest.raises(CommandError, match="older ones were not removed"):
        call_command("backup", str(place), "--keep-daily", "1", stdout=StringIO(), stderr=StringIO())
    assert len(FolderPlace(place).list_snapshots()) == 2


@files_decide
def test_two_backups_do_not_write_one_folder_at_once(place, seven):
    take_backup(place)
    with FolderPlace(place).lock(exclusive=False), pytest.raises(CommandError, match="Another process"):
        call_command("backup", str(place), stderr=StringIO())
    remove_old_backups(place, Retention(daily=1))


@pytest.mark.parametrize(
    ("retention", "kept"),
    [
        (Retention(daily=2), {"d29", "d28"}),
        (Retention(weekly=2), {"d29", "d22"}),  # 29 November 2026 is a Sunday
        (Retention(monthly=2), {"d29", "october"}),
        (Retention(daily=1, monthly=9), {"d29", "october"}),
    ],
)
def test_the_newest_of_each_period_is_kept(retention: Retention, kept: set[str]):
    newest_time = datetime(2026, 11, 29, 3, tzinfo=UTC)
    times = {f"d{29 - days}": newest_time - timedelta(days=days) for days in range(29)}
    times |= {"d29-early": newest_time - timedelta(hours=1), "october": datetime(2026, 10, 9, tzinfo=UTC)}
    assert retention.choose(times) == kept
