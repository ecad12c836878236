"""Tests of the storage of media: a deleted file leaves no empty folders behind."""

import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from recognizer.storage.disk import AtomicFileSystemStorage
from tests.open_files import name_of


@pytest.fixture
def storage(media: Path) -> AtomicFileSystemStorage:
    return AtomicFileSystemStorage()


def test_the_last_file_takes_its_empty_folders_with_it(storage, media):
    for name in ("uploads/ab/1/original.png", "uploads/ab/1/picture.png", "uploads/ab/2/original.png"):
        storage.save(name, ContentFile(b"1"))
    storage.delete("uploads/ab/1/original.png")
    assert storage.exists("uploads/ab/1/picture.png")
    storage.delete("uploads/ab/1/picture.png")
    assert not storage.exists("uploads/ab/1")
    assert storage.exists("uploads/ab/2/original.png")
    storage.delete("uploads/ab/2/original.png")
    assert not storage.exists("uploads")
    assert media.is_dir()


def test_deleting_a_missing_file_removes_the_empty_folder_that_it_was_in(storage, media):
    (media / "uploads" / "ab" / "1").mkdir(parents=True)
    storage.delete("uploads/ab/1/original.png")
    assert list(media.iterdir()) == []


def test_a_file_that_replaces_another_is_synced_before_it_takes_the_name(storage, media, monkeypatch):
    names = []
    sync = os.fsync

    def record(descriptor):
        names.append(name_of(descriptor).name)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    storage.save("feature-maps/ab/1/conv1.png", ContentFile(b"1"))
    assert names == ["conv1.png"]
    storage.save("feature-maps/ab/1/conv1.png", ContentFile(b"2"))
    assert names[1].endswith(".part") and names[2] == "1"
    assert (media / "feature-maps/ab/1/conv1.png").read_bytes() == b"2"


def test_files_are_left_to_the_system_where_power_failures_do_not_count(storage, media, monkeypatch, settings):
    settings.SURVIVE_POWER_LOSS = False
    monkeypatch.setattr(os, "fsync", lambda descriptor: pytest.fail("a file was synced"))
    storage.save("uploads/ab/1/original.png", ContentFile(b"1"))
    assert (media / "uploads/ab/1/original.png").read_bytes() == b"1"


@pytest.mark.parametrize("write", ["save", "save_new"])
def test_the_copy_that_takes_the_place_of_another_is_always_synced(storage, media, monkeypatch, settings, write):
    """Wait for the disk where a file is replaced, and where one is moved to whose old copy is deleted then."""
    settings.SURVIVE_POWER_LOSS = False
    if write == "save":
        storage.save("uploads/ab/1/original.png", ContentFile(b"1"))
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    getattr(storage, write)("uploads/ab/1/original.png", ContentFile(b"2"))
    assert len(synced) == 2
