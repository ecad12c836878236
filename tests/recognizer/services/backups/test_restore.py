"""Restores into an empty installation: on the same database, on the other one, and from an older release."""

import random
import re
import signal
import time
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from recognizer.models import Upload
from recognizer.services.backups import manifest as manifests
from recognizer.services.backups.folder import FolderTarget
from recognizer.services.backups.take import take_backup
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import varied_pngs
from tests.processes.conftest import sized
from tests.recognizer.services.backups.conftest import Installation, contents, newest
from tests.recognizer.services.people.test_owned_data import everything  # noqa: F401  (a fixture)
from tests.surroundings import ROOT

pytestmark = pytest.mark.slow
commits = pytest.mark.django_db(transaction=True)
WITHOUT_ROWS_OF_BACKUPS = "recognizer_backup"  # of which each backup adds one


def all_but_backups(place: Path) -> dict[str, list[str]]:
    held = contents(place)
    del held[WITHOUT_ROWS_OF_BACKUPS]
    return held


@pytest.fixture
def backup(tmp_path: Path, everything: User) -> Path:  # noqa: F811
    """Return a folder with a backup that has rows of every model of a person."""
    place = tmp_path / "backups"
    take_backup(place)
    return place


@pytest.fixture
def empty_other(request: pytest.FixtureRequest, db: None) -> Installation:
    """Return an installation on the other database. Other tests restore into the tests' own kind."""
    other = {"sqlite": "empty_postgres", "postgresql": "empty_sqlite"}
    installation: Installation = request.getfixturevalue(other[connection.vendor])
    return installation


@commits
def test_a_restored_backup_is_the_same_on_the_other_database(backup, empty_other, tmp_path):
    """Another backup of the restored rows and files, compared line by line, is the proof."""
    shown = empty_other.run("restore", backup)
    assert "were restored" in shown
    empty_other.run("backup", tmp_path / "again")
    before, after = all_but_backups(backup), all_but_backups(tmp_path / "again")
    assert all(len(before[table]) > 1 for table in ("recognizer_upload", "recognizer_glyph", "recognizer_featuremap"))
    assert before == after
    names = [line.split()[0] for line in before["files"]]
    assert all((empty_other.media / name).is_file() for name in names)


@commits
def test_a_restored_installation_is_prepared_and_gives_no_number_twice(backup, migrated, everything):  # noqa: F811
    """Accounts that were deleted are named by their numbers, in logs and in the record of their deletion."""
    last = User.objects.create_user("last").pk
    User.objects.filter(pk=last).delete()
    take_backup(backup)
    migrated.run("restore", backup)
    assert "The first account" in migrated.run("prepare")  # alice is no administrator
    keys = dict(migrated.query("SELECT username, id FROM auth_user"))
    assert keys["alice"] == everything.pk
    assert keys["admin"] > last


def refusal_of_restore(place: Path) -> str:
    """Return why this installation restores nothing: it is not empty, which is found after all other faults."""
    with pytest.raises(CommandError) as refused:
        call_command("restore", str(place), stderr=StringIO())
    return str(refused.value)


@commits
def test_a_restore_does_not_overwrite_anything(backup, everything):  # noqa: F811
    lost = Upload.objects.filter(owner=everything).exclude(original="")[0].original
    lost.storage.delete(lost.name)
    assert "This installation is not empty" in refusal_of_restore(backup)
    assert not lost.storage.exists(lost.name)


@pytest.mark.any_database
@commits
def test_a_damaged_backup_is_not_restored(backup, everything):  # noqa: F811
    picture = Upload.objects.filter(owner=everything).exclude(original="")[0]
    path = backup / "objects" / picture.sha256[:2] / picture.sha256
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert f"{picture.original.name} is damaged" in refusal_of_restore(backup)


@pytest.mark.any_database
@commits
def test_a_backup_of_a_newer_release_is_refused(backup):
    name = newest(backup).folder.rpartition("/")[2]
    target = FolderTarget(backup, name)
    target.folder = f"snapshots/{name}"
    manifest = newest(backup).read_manifest()
    manifest.migrations.append(("recognizer", "9999_later"))
    manifests.write_manifest(target, manifest)
    refusal = refusal_of_restore(backup)
    assert "newer release" in refusal
    assert "9999_later" in refusal


@commits
def test_a_backup_of_an_older_release_is_restored_and_upgraded(empty_alike, tmp_path):
    """The rows are loaded into the tables of the older release; `prepare` then applies the newer migrations."""
    (tmp_path / "old").mkdir()
    old = Installation(tmp_path / "old", f"sqlite:///{tmp_path / 'old' / 'db.sqlite3'}")
    old.run("migrate", "recognizer", "0006")
    old.add_account("carol")
    old.run("backup", tmp_path / "old.zip")
    empty_alike.run("restore", tmp_path / "old.zip")
    empty_alike.run("prepare")
    assert empty_alike.query("SELECT username FROM auth_user") == [("carol",)]
    assert empty_alike.query("SELECT count(*) FROM recognizer_backup") == [(0,)]


@pytest.mark.any_database  # it reads the rows in one transaction; what may be left are files
@commits
@pytest.mark.processes
def test_a_backup_killed_at_any_moment_leaves_nothing_that_passes_as_whole(
    alice, model, media, migrated, tmp_path, same_database
):
    for picture in varied_pngs(20, size=90):
        create_prediction(owner=alice, data=picture, source="upload")
    here = Installation(tmp_path, same_database["DATABASE_URL"])
    here.environment["MEDIA_ROOT"] = str(media)
    place, archive = tmp_path / "backups", tmp_path / "all.zip"
    started = time.monotonic()
    here.run("backup", place)
    seconds = time.monotonic() - started
    complete = 1
    for number in range(sized(3, 20)):
        target = archive if number % 2 else place
        process = here.start("backup", target)
        time.sleep(random.uniform(0.3, 1.0) * seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        call_command("verify_backup", str(place), stdout=StringIO())
        if archive.exists():
            call_command("verify_backup", str(archive), stdout=StringIO())
        assert len(list((place / "snapshots").glob("[!.]*"))) >= complete
    take_backup(place)
    assert not list((place / "snapshots").glob(".*"))
    migrated.run("restore", place)
    assert migrated.query("SELECT count(*) FROM recognizer_upload") == [(20,)]


@commits
@pytest.mark.processes
def test_a_restore_killed_at_any_moment_leaves_no_row_and_is_repeated(alice, model, empty_alike, tmp_path):
    for picture in varied_pngs(20, size=90):
        create_prediction(owner=alice, data=picture, source="upload")
    take_backup(tmp_path / "backups")
    for number in range(sized(3, 20)):
        process = empty_alike.start("restore", tmp_path / "backups")
        time.sleep(1 + number * random.uniform(0.3, 1.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    # It would refuse if one of these had left a row, unless the last of them had finished.
    process = empty_alike.start("restore", tmp_path / "backups")
    output, _ = process.communicate()
    assert "were restored" in output or "not empty" in output
    empty_alike.run("backup", tmp_path / "again")
    assert all_but_backups(tmp_path / "backups") == all_but_backups(tmp_path / "again")


@commits
def test_a_restore_killed_between_a_table_and_its_record_is_repeated(backup, empty_alike, tmp_path):
    """Django records a migration after the transaction that makes its tables."""
    empty_alike.run("migrate", "auth", "0001")
    empty_alike.query("DELETE FROM django_migrations WHERE app = 'auth' AND name = '0001_initial'")
    assert "were restored" in empty_alike.run("restore", backup)
    empty_alike.run("backup", tmp_path / "again")
    assert all_but_backups(backup) == all_but_backups(tmp_path / "again")


@commits
def test_the_tables_go_back_to_those_of_release_1_0_0_and_forth_again(migrated):
    """The line of docs/upgrading.md undoes the migrations, and keeps what that release knows."""
    page = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
    (back,) = re.findall(r"manage\.py (migrate recognizer \d+)$", page, re.MULTILINE)
    migrated.add_account("carol")
    migrated.run(*back.split())
    migrated.run("migrate")
    assert migrated.query("SELECT username FROM auth_user") == [("carol",)]
    assert migrated.query("SELECT count(*) FROM recognizer_upload") == [(0,)]
