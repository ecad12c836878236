"""Tests of the storage of media: a deleted file leaves no empty folders behind."""

import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from recognizer.storage import AtomicFileSystemStorage


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
        names.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
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
    for content in (b"1", b"2"):
        storage.save("uploads/ab/1/original.png", ContentFile(content))
    assert (media / "uploads/ab/1/original.png").read_bytes() == b"2"
