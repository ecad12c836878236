"""Tests of the storage in an object store, against a real HTTP server that speaks S3 and can fail."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages

from recognizer.storage.disk import AtomicFileSystemStorage, walk
from recognizer.storage.moving import MovingStorage
from recognizer.storage.object_store import MULTIPART_BYTES, ObjectStorage
from tests.servers.object_store import BUCKET, ObjectStore

NAMES = [f"uploads/ab/{number}/original" for number in range(5)]


@pytest.fixture
def storage(object_store: ObjectStore) -> ObjectStorage:
    return ObjectStorage(**object_store.options)


def save_all(storage) -> None:
    for name in NAMES:
        storage.save(name, ContentFile(name.encode()))


def test_a_file_is_stored_under_the_prefix_and_read_again(storage, object_store):
    assert storage.save("uploads/ab/1/original", ContentFile(b"one")) == "uploads/ab/1/original"
    assert object_store.names() == {"media/uploads/ab/1/original"}
    with storage.open("uploads/ab/1/original") as file:
        assert (file.read(), file.size, file.name) == (b"one", 3, "uploads/ab/1/original")
    file.open()
    assert file.read() == b"one"
    assert storage.exists("uploads/ab/1/original")
    assert storage.size("uploads/ab/1/original") == 3
    assert storage.get_modified_time("uploads/ab/1/original").tzinfo is not None


def test_a_file_is_replaced(storage):
    storage.save("index.json", ContentFile(b"old"))
    assert storage.save("index.json", ContentFile(b"new")) == "index.json"
    assert storage.open("index.json").read() == b"new"


def test_a_new_file_is_written_only_where_there_is_none(storage):
    assert storage.save_new("a", ContentFile(b"first"))
    assert not storage.save_new("a", ContentFile(b"second"))
    assert storage.open("a").read() == b"first"


def test_a_large_file_is_sent_in_parts(storage, object_store):
    data = os.urandom(MULTIPART_BYTES + 1000)
    storage.save("large", ContentFile(data))
    with storage.open("large") as file:
        assert file.read() == data
        file.seek(MULTIPART_BYTES)
        assert file.read() == data[MULTIPART_BYTES:]


def test_a_large_new_file_is_sent_in_parts_and_only_where_there_is_none(storage, object_store):
    """A store refuses more than 5 GB in one request."""
    first, second = (os.urandom(2 * MULTIPART_BYTES + 1000) for _ in range(2))
    assert storage.save_new("large", ContentFile(first))
    assert not storage.save_new("large", ContentFile(second))
    assert storage.open("large").read() == first
    assert object_store.client.head_object(Bucket=BUCKET, Key="media/large")["ETag"].endswith('-3"')
    assert "Uploads" not in object_store.client.list_multipart_uploads(Bucket=BUCKET)


def test_a_missing_file_is_missing_as_on_the_disk(storage):
    for ask in (storage.open, storage.size, storage.get_modified_time):
        with pytest.raises(FileNotFoundError):
            ask("uploads/none")
    assert not storage.exists("uploads/none")
    storage.delete("uploads/none")
    assert storage.listdir("none") == ([], [])


def test_a_name_outside_of_the_prefix_is_refused(storage):
    from django.core.exceptions import SuspiciousOperation

    with pytest.raises(SuspiciousOperation):
        storage.open("../other")


@pytest.mark.parametrize("faults", [{}, {"page": 2}], ids=["one page", "pages of two"])
def test_lists_are_complete(storage, object_store, faults):
    save_all(storage)
    storage.save("models/digits-9/card.json", ContentFile(b"{}"))
    object_store.set_faults(**faults)
    assert sorted(walk(storage, "uploads")) == NAMES
    assert sorted(walk(storage, "")) == ["models/digits-9/card.json", *NAMES]
    assert storage.listdir("uploads/ab") == ([str(number) for number in range(5)], [])
    assert storage.listdir("models/digits-9") == ([], ["card.json"])
    assert storage.listdir("") == (["models", "uploads"], [])


def test_a_list_that_the_store_breaks_off_is_an_error(storage, object_store):
    """A folder of a deleted account would else pass as empty."""
    save_all(storage)
    object_store.set_faults(page=2, truncated=True)
    with pytest.raises(OSError, match="did not return all") as caught:
        list(walk(storage, "uploads"))
    assert caught.value.errno == errno.EIO


def test_a_full_store_is_a_full_disk(storage, object_store):
    object_store.set_faults(full=True)
    with pytest.raises(OSError, match="full") as caught:
        storage.save("a", ContentFile(b"a"))
    assert caught.value.errno == errno.ENOSPC
    assert object_store.names() == set()


def test_a_connection_that_breaks_off_is_repeated(storage, object_store):
    save_all(storage)
    object_store.set_faults(cut=True)
    assert [storage.open(name).read().decode() for name in NAMES] == NAMES


def test_a_store_that_is_down_is_an_outage_and_then_spared(storage, object_store, monkeypatch):
    storage.save("a", ContentFile(b"a"))
    object_store.proxy.shut()
    with pytest.raises(OSError, match="cannot be used") as caught:
        storage.open("a")
    assert caught.value.errno == errno.EIO
    with pytest.raises(OSError, match="did not answer recently"):
        storage.exists("a")
    object_store.proxy.open()
    monkeypatch.setattr(storage, "_down_until", 0.0)
    assert storage.open("a").read() == b"a"


def test_threads_share_one_client(storage):
    found = []
    threads = [threading.Thread(target=lambda: found.append(storage.connection)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(connection) for connection in found}) == 1


def test_a_child_process_makes_its_own_client(storage):
    storage.save("a", ContentFile(b"a"))
    before = storage.connection
    child = os.fork()
    if child == 0:
        is_own = storage._connection is None and storage.connection is not before and storage.open("a").read() == b"a"
        os._exit(0 if is_own else 1)
    assert os.waitpid(child, 0)[1] == 0


# --- While files are moved ---------------------------------------------------------------------------------


@pytest.fixture(params=["disk to s3", "s3 to disk"])
def moving(request, object_store, media: Path, settings) -> Iterator[MovingStorage]:
    settings.STORAGES = {**settings.STORAGES, "s3": {**settings.STORAGES["s3"], "OPTIONS": object_store.options}}
    old, _, new = request.param.split()
    return MovingStorage(old=old, new=new)


def test_files_of_both_storages_are_found(moving):
    moving.old.save("uploads/ab/1/original", ContentFile(b"old"))
    moving.save("uploads/ab/2/original", ContentFile(b"newer"))
    assert not moving.old.exists("uploads/ab/2/original")
    assert moving.open("uploads/ab/1/original").read() == b"old"
    assert moving.size("uploads/ab/2/original") == 5
    assert moving.listdir("uploads/ab") == (["1", "2"], [])
    assert sorted(walk(moving, "uploads")) == ["uploads/ab/1/original", "uploads/ab/2/original"]
    with pytest.raises(FileNotFoundError):
        moving.open("uploads/ab/3/original")
    with pytest.raises(FileNotFoundError):
        AtomicFileSystemStorage().listdir("none")


def test_a_file_in_both_storages_is_read_from_the_new_one_and_deleted_in_both(moving):
    moving.old.save("a/b", ContentFile(b"old"))
    moving.save("a/b", ContentFile(b"new"))
    assert moving.open("a/b").read() == b"new"
    assert list(walk(moving, "a")) == ["a/b"]
    moving.delete("a/b")
    assert not moving.exists("a/b")
    assert not moving.old.exists("a/b")


def test_the_default_storage_is_the_one_of_the_settings(media_in_store):
    assert isinstance(default_storage, ObjectStorage)
    assert isinstance(storages["disk"], AtomicFileSystemStorage)
