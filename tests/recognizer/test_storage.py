"""Tests of the storage of media: a deleted file leaves no empty folders behind."""

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
