"""Backups in a bucket, against a real HTTP server that speaks S3 and can fail."""

import signal
import threading
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from recognizer.models import Backup
from recognizer.services.backups import bucket_lock, take
from recognizer.services.backups.bucket import BucketAddress, BucketPlace
from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.retention import Retention, remove_old_backups
from recognizer.services.backups.take import take_backup
from recognizer.services.backups.verify import find_faults
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space.purge import remove_uploads
from tests.pictures import digit_png, varied_pngs
from tests.recognizer.services.backups.conftest import Installation, contents
from tests.recognizer.services.backups.test_backups import faults
from tests.servers.object_store import BUCKET, ObjectStore

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]  # which store it is decides
PLACE = BucketAddress(BUCKET, "nightly")
KEY = "0f" * 32


@pytest.fixture
def store(object_store: ObjectStore, settings, monkeypatch) -> ObjectStore:
    names = ("endpoint_url", "region_name", "access_key", "secret_key")
    settings.BACKUP_STORE = {name: object_store.options[name] for name in names}
    monkeypatch.setattr(bucket_lock, "ABANDONED_SECONDS", 2.0)
    monkeypatch.setattr(bucket_lock, "RENEWED_SECONDS", 0.2)
    return object_store


@pytest.fixture
def seven(alice, model):
    return create_prediction(owner=alice, data=digit_png(7), source="upload")


def variables(store: ObjectStore) -> dict[str, str]:
    """Return the settings of a process that keeps its backups in the store."""
    return {
        "BACKUP_S3_ENDPOINT": store.url,
        "BACKUP_S3_ACCESS_KEY": "key",
        "BACKUP_S3_SECRET_KEY": "secret",
    }


@pytest.mark.slow
@pytest.mark.parametrize("key", ["", KEY], ids=["plain", "encrypted"])
def test_a_backup_has_every_row_and_every_file_and_is_restored(store, seven, settings, key, migrated):
    settings.BACKUP_KEY = key
    shown = StringIO()
    call_command("backup", str(PLACE), stdout=shown, stderr=StringIO())
    assert "1 of them new" in shown.getvalue()
    assert faults(PLACE) == []
    held = contents(PLACE)
    assert len(held["recognizer_upload"]) == 1 + 1  # the first line names the columns
    assert Backup.objects.get().place == "s3://digits/nightly"
    assert all(name.split("/")[:2] in (["nightly", "objects"], ["nightly", "snapshots"]) for name in store.names())
    assert (digit_png(7) in store.contents().values()) is not bool(key)

    migrated.environment |= variables(store) | {"BACKUP_KEY": key}
    assert "were restored" in migrated.run("restore", str(PLACE))
    assert (migrated.media / seven.upload.original.name).read_bytes() == digit_png(7)


def test_a_second_backup_copies_only_what_is_new_and_the_command_removes_the_first(store, seven, alice):
    first = take_backup(PLACE).manifest.name
    only_first = f"nightly/objects/{seven.upload.sha256[:2]}/{seven.upload.sha256}"
    create_prediction(owner=alice, data=digit_png(4), source="upload")
    assert take_backup(PLACE).new_files == 1
    assert only_first in store.names()
    remove_uploads([seven.upload])
    shown = StringIO()
    call_command("backup", str(PLACE), "--keep-daily", "1", stdout=shown, stderr=StringIO())
    assert f"{first}: removed" in shown.getvalue()
    assert len(BucketPlace(PLACE).list_snapshots()) == 1
    assert only_first not in store.names()
    assert faults(PLACE) == []


def test_an_interrupted_backup_is_not_listed_and_the_next_one_removes_it(store, seven):
    def stop(line: str) -> None:
        if "Verifying" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_backup(PLACE, report=stop)
    left = {name for name in store.names() if "/snapshots/" in name}
    assert any(name.endswith("manifest.json") for name in left)
    assert BucketPlace(PLACE).list_snapshots() == []
    with pytest.raises(CommandError, match="no complete backup"):
        call_command("verify_backup", str(PLACE))
    assert take_backup(PLACE).new_files == 0  # the objects are used, after they were compared with their names
    assert not left & store.names()
    assert faults(PLACE) == []


@pytest.mark.slow
@pytest.mark.processes
def test_a_backup_killed_at_any_moment_leaves_nothing_that_passes_as_whole(
    store, alice, model, media, same_database, tmp_path
):
    for picture in varied_pngs(20, size=90):
        create_prediction(owner=alice, data=picture, source="upload")
    here = Installation(tmp_path, same_database["DATABASE_URL"])
    here.environment |= variables(store) | {"MEDIA_ROOT": str(media)}
    killed_at = set()
    for wanted in ("/objects/", "/files.jsonl.gz", "/.20"):
        store.client.delete_object(Bucket=BUCKET, Key="nightly/.lock")  # as if the minute until it is abandoned is over
        process = here.start("backup", str(PLACE))
        while not any(wanted in name for name in store.names()) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed_at.add(process.returncode)
        assert len(BucketPlace(PLACE).list_snapshots()) <= 1  # the last may have been committed
    assert -signal.SIGKILL in killed_at
    take_backup(PLACE)
    finished = set(BucketPlace(PLACE).list_snapshots())
    assert {name.split("/")[2] for name in store.names() if "/snapshots/" in name} == finished
    assert faults(PLACE) == []


def test_a_changed_and_a_missing_object_are_found(store, seven):
    take_backup(PLACE)
    name = f"nightly/objects/{seven.upload.sha256[:2]}/{seven.upload.sha256}"
    store.client.put_object(Bucket=BUCKET, Key=name, Body=digit_png(7)[:-1] + b"?")
    assert faults(PLACE) == [f"{seven.upload.original.name} is damaged."]
    store.client.delete_object(Bucket=BUCKET, Key=name)
    assert faults(PLACE) == [f"{seven.upload.original.name} is missing."]


def test_an_object_that_the_store_has_lost_is_noticed_before_the_backup_is_finished(store, seven):
    def lose(line: str) -> None:
        if "Verifying" in line:
            name = f"nightly/objects/{seven.upload.sha256[:2]}/{seven.upload.sha256}"
            store.client.delete_object(Bucket=BUCKET, Key=name)

    with pytest.raises(BackupError, match="is missing"):
        take_backup(PLACE, report=lose)
    assert BucketPlace(PLACE).list_snapshots() == []


@pytest.mark.parametrize("moment", ["Copying", "rows", "Verifying"])
def test_a_store_that_is_full_or_down_ends_the_backup_in_words(store, seven, moment):
    def fail(line: str) -> None:
        if moment in line:
            if moment == "Verifying":
                store.proxy.shut()
            else:
                store.set_faults(full=True)

    with pytest.raises(BackupError, match=r"s3://digits/nightly: .*(full|cannot be used|did not answer)"):
        take_backup(PLACE, report=fail)
    store.set_faults()
    if moment == "Verifying":
        store.proxy.open()
    assert BucketPlace(PLACE).list_snapshots() == []
    take_backup(PLACE)
    assert faults(PLACE) == []


def test_a_store_that_does_not_answer_is_not_a_damaged_backup(store, seven):
    take_backup(PLACE)
    store.proxy.shut()
    errors = StringIO()
    with pytest.raises(CommandError, match="cannot be used"):
        call_command("verify_backup", str(PLACE), stdout=StringIO(), stderr=errors)
    store.proxy.open()
    assert errors.getvalue() == ""


def test_a_list_that_the_store_breaks_off_is_an_error(store, seven):
    take_backup(PLACE)
    store.set_faults(page=2, truncated=True)
    with pytest.raises(BackupError, match="did not return all"):
        take_backup(PLACE)
    with pytest.raises(BackupError, match="did not return all"):
        remove_old_backups(PLACE, Retention(daily=1))
    store.set_faults()
    assert faults(PLACE) == []


def test_lists_of_several_pages_are_complete(store, seven):
    store.set_faults(page=3)
    take_backup(PLACE)
    assert faults(PLACE) == []
    assert len(BucketPlace(PLACE).list_snapshots()) == 1


def test_two_processes_do_not_write_to_one_bucket_at_once(store, seven, monkeypatch):
    monkeypatch.setattr(bucket_lock, "ABANDONED_SECONDS", 600.0)  # the first renewal is seen, however late it comes
    monkeypatch.setattr(bucket_lock, "LOOKS", 6000)
    other, started, goes_on = BucketPlace(PLACE), threading.Event(), threading.Event()

    def hold() -> None:
        with other.lock(exclusive=True):
            started.set()
            goes_on.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    started.wait(60)
    with pytest.raises(CommandError, match="Another process uses the backups"):
        call_command("backup", str(PLACE), stderr=StringIO())
    goes_on.set()
    thread.join()
    take_backup(PLACE)


def test_the_lock_of_a_killed_process_is_taken_over_and_that_process_cannot_finish(store, seven, monkeypatch):
    monkeypatch.setattr(bucket_lock, "RENEWED_SECONDS", 60.0)  # as if the first process slept
    verified = []

    def verify_and_sleep(snapshot, *, reads_objects):
        found = list(find_faults(snapshot, reads_objects=reads_objects))
        verified.append(found)
        if len(verified) == 1:
            take_backup(PLACE)
        return found

    monkeypatch.setattr(take, "find_faults", verify_and_sleep)
    with pytest.raises(BackupError, match="Another process"):
        take_backup(PLACE)
    assert verified == [[], []]
    assert len(BucketPlace(PLACE).list_snapshots()) == 1
    assert faults(PLACE) == []


@pytest.mark.parametrize(
    ("prefix", "place"), [("", "nightly"), ("media", ""), ("media", "media/nightly"), ("a/b", "a")]
)
def test_backups_are_not_stored_among_the_pictures(store, settings, prefix, place):
    settings.MEDIA_STORAGE = "s3"
    settings.STORAGES = {**settings.STORAGES, "s3": {"OPTIONS": {**store.options, "location": prefix}}}
    with pytest.raises(BackupError, match="where the pictures are"):
        take_backup(BucketAddress(BUCKET, place))
    assert BucketPlace(BucketAddress("other", place))
    settings.MEDIA_STORAGE = "disk"
    assert BucketPlace(BucketAddress(BUCKET, place))


def test_backups_may_be_in_the_bucket_of_the_pictures_beside_them(store, settings):
    settings.MEDIA_STORAGE = "s3"
    settings.STORAGES = {**settings.STORAGES, "s3": {"OPTIONS": store.options}}
    assert BucketPlace(BucketAddress(BUCKET, "media-backups"))


def test_a_prefix_with_other_files_is_not_used(store, seven):
    store.client.put_object(Bucket=BUCKET, Key="nightly/letter.txt", Body=b"Dear Sir")
    with pytest.raises(BackupError, match="contains other files"):
        take_backup(PLACE)


@pytest.mark.parametrize("place", ["s3://", "s3:///nightly", "s3://none/nightly"])
def test_a_place_that_does_not_exist_is_refused_in_words(store, seven, place: str):
    for command in ("backup", "restore", "verify_backup"):
        with pytest.raises(CommandError, match=r"names no bucket|NoSuchBucket"):
            call_command(command, place, stdout=StringIO(), stderr=StringIO())


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://digits", BucketAddress("digits")),
        ("s3://digits/", BucketAddress("digits")),
        ("s3://digits/a/b/", BucketAddress("digits", "a/b")),
    ],
)
def test_an_address_names_a_bucket_and_a_prefix(text: str, address: BucketAddress):
    assert BucketAddress.parse(text) == address
    assert BucketAddress.parse(str(address)) == address
