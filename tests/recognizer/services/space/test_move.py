"""Tests of `manage.py move_media`: to an object store and back, while others write and delete, killed at any moment."""

import errno
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from recognizer.services.space.move import Outcome, move_file, move_media
from recognizer.storage.disk import walk
from recognizer.storage.moving import MovingStorage
from tests.processes.conftest import sized
from tests.servers.object_store import ObjectStore
from tests.surroundings import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # files are moved, and rows are not changed

WAYS = ["disk to s3", "s3 to disk"]


def new_name() -> str:
    key = uuid.uuid4()
    return f"uploads/{key.hex[:2]}/{key}/original"


def names_in(storage) -> set[str]:
    """Return the names of the files, but of none that a killed process has begun to write."""
    return {name for name in walk(storage, "") if "/." not in name}


def contents(storage) -> dict[str, bytes]:
    return {name: storage.open(name).read() for name in names_in(storage)}


@pytest.fixture(params=WAYS)
def moving(request, object_store: ObjectStore, media: Path, settings) -> MovingStorage:
    settings.STORAGES = {**settings.STORAGES, "s3": {**settings.STORAGES["s3"], "OPTIONS": object_store.options}}
    old, _, new = request.param.split()
    return MovingStorage(old=old, new=new)


@pytest.fixture
def files(moving: MovingStorage) -> dict[str, bytes]:
    """Save files in the old storage, and return their contents."""
    found = {new_name(): os.urandom(random.randint(0, 3000)) for _ in range(40)}
    found["models/digits-1/model.onnx"] = os.urandom(100_000)
    for name, data in found.items():
        moving.old.save(name, ContentFile(data))
    return found


def test_all_files_arrive_and_none_stays(moving, files, media):
    report = move_media(moving.old, moving.new)
    assert (report.moved, report.bytes) == (len(files), sum(map(len, files.values())))
    assert contents(moving.new) == files
    assert contents(moving.old) == {}
    if moving.aliases[0] == "disk":
        assert list(media.iterdir()) == []
    again = move_media(moving.old, moving.new)
    assert (again.moved, again.already_there, again.deleted_meanwhile, again.differing) == (0, 0, 0, [])


def test_a_file_that_was_written_again_meanwhile_is_not_replaced_by_the_old_one(moving):
    moving.old.save("a/b", ContentFile(b"old"))
    moving.save("a/b", ContentFile(b"new"))
    report = move_media(moving.old, moving.new)
    assert report.differing == ["a/b"]
    assert moving.open("a/b").read() == b"new"
    assert moving.old.open("a/b").read() == b"old"


def test_a_move_that_was_killed_between_copy_and_deletion_goes_on(moving):
    for storage in (moving.old, moving.new):
        storage.save("a/b", ContentFile(b"same"))
    assert move_file(moving.old, moving.new, "a/b") == (Outcome.ALREADY_THERE, 4)
    assert not moving.old.exists("a/b")


def test_a_file_that_cannot_be_read_does_not_keep_the_others(moving, files, monkeypatch):
    bad, open_file = sorted(files)[5], moving.old.open

    def open_or_fail(name, mode="rb"):
        if name == bad:
            raise OSError(errno.EIO, "Input/output error", name)
        return open_file(name, mode)

    monkeypatch.setattr(moving.old, "open", open_or_fail)
    report = move_media(moving.old, moving.new)
    assert list(report.failed) == [bad] and "Input/output error" in report.failed[bad]
    assert names_in(moving.old) == {bad}
    assert names_in(moving.new) == files.keys() - {bad}


def test_a_storage_that_does_not_answer_ends_the_move(moving, files, monkeypatch):
    def fail(name, content):
        raise OSError(errno.EIO, "The store does not answer", name)

    monkeypatch.setattr(moving.new, "save_new", fail)
    with pytest.raises(OSError, match="does not answer"):
        move_media(moving.old, moving.new)
    assert contents(moving.old) == files


def test_what_is_being_written_is_left_alone(moving):
    moving.old.save("uploads/ab/1/.4711.part", ContentFile(b"half"))
    moving.old.save("probes/1", ContentFile(b"probe"))
    assert move_media(moving.old, moving.new).moved == 0


def test_a_file_of_an_account_that_is_deleted_meanwhile_does_not_come_back(moving, alice, monkeypatch):
    from recognizer.models import AccountDeletion, DeletedFolder

    name = new_name()
    moving.old.save(name, ContentFile(b"secret"))
    deletion = AccountDeletion.objects.create(owner_id=alice.pk)
    DeletedFolder.objects.create(deletion=deletion, name=name.rpartition("/")[0])
    save_new = moving.new.save_new

    def delete_first(*arguments):
        moving.delete(name)  # just after the file was read
        return save_new(*arguments)

    monkeypatch.setattr(moving.new, "save_new", delete_first)
    report = move_media(moving.old, moving.new)
    assert report.deleted_meanwhile == 1
    assert not moving.exists(name)


def test_every_file_can_be_read_and_deleted_at_any_moment_of_the_move(moving, files):
    """Threads read all files over and over, write new ones and delete others while the move runs."""
    faults: list[str] = []
    deleted, written = list(files)[:10], {}
    kept = {name: data for name, data in files.items() if name not in deleted}
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            for name, data in kept.items():
                try:
                    if moving.open(name).read() != data or moving.size(name) != len(data):
                        faults.append(f"{name} has changed")
                except OSError as error:
                    faults.append(f"{name}: {error}")

    def change() -> None:
        for name in deleted:
            moving.delete(name)
            written[fresh := new_name()] = data = os.urandom(100)
            moving.save(fresh, ContentFile(data))

    threads = [threading.Thread(target=read), threading.Thread(target=change)]
    for thread in threads:
        thread.start()
    move_media(moving.old, moving.new)
    threads[1].join()
    is_over.set()
    threads[0].join()
    assert faults == []
    assert contents(moving.old) == {}
    # A file that is deleted just while it is copied may stay until reconcile_media finds it without a row.
    found = contents(moving.new)
    assert {name: data for name, data in found.items() if name not in deleted} == kept | written


def start_command(store: ObjectStore, moving: MovingStorage) -> subprocess.Popen[str]:
    names = {"MEDIA_MOVED_FROM": moving.aliases[0], "MEDIA_STORAGE": moving.aliases[1]}
    return subprocess.Popen(
        [sys.executable, "manage.py", "move_media"],
        cwd=ROOT,
        env={**os.environ, **store.environment_variables, **names},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_the_command_may_be_killed_at_any_moment(moving, object_store, media):
    files = {new_name(): os.urandom(500) for _ in range(sized(60, 2000))}
    for name, data in files.items():
        moving.old.save(name, ContentFile(data))
    for _kill in range(sized(2, 20)):
        process = start_command(object_store, moving)
        before = len(names_in(moving.new))
        while process.poll() is None and len(names_in(moving.new)) < before + random.randint(1, sized(20, 60)):
            time.sleep(0.01)
        process.kill()
        process.communicate()
        assert contents(moving) == files
    outputs = []
    for _call in range(2):
        process = start_command(object_store, moving)
        outputs.append(process.communicate()[0])
        assert process.returncode == 0, outputs
    assert "Nothing is left to move" in outputs[1]
    assert contents(moving.new) == files
    assert contents(moving.old) == {}


def test_without_settings_the_command_says_what_to_do():
    with pytest.raises(CommandError, match="Set MEDIA_STORAGE"):
        call_command("move_media")
