import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlcore.atomic_files import make_folder_atomic, open_atomic, sync_once, sync_together
from tests.open_files import name_of


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the list of the files and folders that are synced from now on."""
    paths: list[Path] = []
    sync = os.fsync

    def record(descriptor: int) -> None:
        paths.append(name_of(descriptor))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    return paths


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which file a descriptor belongs to")
def test_the_name_of_a_file_is_synced_after_its_content(tmp_path, synced):
    with open_atomic(tmp_path / "new" / "file") as file:
        file.write(b"whole")
    assert synced[0].suffix == ".part"
    assert synced[1:] == [tmp_path / "new"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which file a descriptor belongs to")
def test_a_new_name_is_synced_with_its_content_and_not_before_it_is_complete(tmp_path, synced):
    with open_atomic(tmp_path / "new" / "file", is_new_name=True) as file:
        file.write(b"whole")
        assert not (tmp_path / "new" / "file").exists()
    assert synced == [tmp_path / "new" / "file"]
    assert (tmp_path / "new" / "file").read_bytes() == b"whole"


def test_a_file_that_cannot_be_synced_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError("Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError), open_atomic(tmp_path / "file", is_new_name=True) as file:
        file.write(b"lost")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which file a descriptor belongs to")
def test_a_name_that_another_writer_took_meanwhile_is_replaced_by_a_synced_file(tmp_path, synced):
    with open_atomic(tmp_path / "file", is_new_name=True) as file:
        file.write(b"mine")
        (tmp_path / "file").write_bytes(b"of the other")
    assert [path.suffix for path in synced] == [".part", ""]
    assert (tmp_path / "file").read_bytes() == b"mine"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which file a descriptor belongs to")
def test_the_name_of_a_folder_is_synced_after_its_content(tmp_path, synced):
    with make_folder_atomic(tmp_path / "folder") as part:
        (part / "file").touch()
    assert synced == [part, tmp_path]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which file a descriptor belongs to")
def test_many_files_are_synced_once(tmp_path, synced, monkeypatch):
    calls = []
    monkeypatch.setattr(os, "sync", lambda: calls.append([path.name for path in sorted(tmp_path.rglob("?"))]))
    with sync_once():
        for name in "ab":
            with open_atomic(tmp_path / "new" / name) as file:
                file.write(b"whole")
    assert (calls, synced) == ([["a", "b"]], [])
    with open_atomic(tmp_path / "c") as file:
        file.write(b"whole")
    assert len(synced) == 2


def test_new_files_of_a_block_are_synced_together_at_its_end(tmp_path, synced, monkeypatch):
    waits = []
    libc = SimpleNamespace(syncfs=lambda descriptor: waits.append(sorted(path.name for path in tmp_path.rglob("?"))))
    monkeypatch.setattr("mlcore.atomic_files._libc", libc)
    with sync_together():
        for name in "abc":
            with open_atomic(tmp_path / name / name, is_new_name=True) as file:
                file.write(b"whole")
        assert (waits, synced) == ([], [])
        (tmp_path / "c" / "c").unlink()  # which must not matter
    assert waits == [["a", "a", "b", "b", "c"]]
    assert synced == []
    with open_atomic(tmp_path / "later", is_new_name=True) as file:
        file.write(b"whole")
    assert [path.name for path in synced] == ["later"]


def test_files_of_a_block_are_synced_one_by_one_where_the_system_knows_no_other_way(tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr("mlcore.atomic_files._libc", None)
    monkeypatch.setattr(os, "fsync", lambda descriptor: names.append(os.fstat(descriptor).st_size))
    with sync_together():
        for size in (1, 2):
            with open_atomic(tmp_path / str(size), is_new_name=True) as file:
                file.write(bytes(size))
    assert names == [1, 2]


def test_an_error_of_the_common_sync_is_raised(tmp_path, monkeypatch):
    monkeypatch.setattr("mlcore.atomic_files._libc", SimpleNamespace(syncfs=lambda descriptor: -1))
    with pytest.raises(OSError), sync_together():
        for name in "ab":
            with open_atomic(tmp_path / name, is_new_name=True) as file:
                file.write(b"whole")


def test_a_folder_that_another_process_removes_meanwhile_is_created_again(tmp_path, monkeypatch):
    opened = os.open
    removals = iter([tmp_path / "new", None])

    def open_after_removal(path, *args):
        if folder := next(removals, None):
            folder.rmdir()
        return opened(path, *args)

    monkeypatch.setattr("mlcore.atomic_files.sync_folder", lambda folder: None)
    monkeypatch.setattr(os, "open", open_after_removal)
    with open_atomic(tmp_path / "new" / "file") as file:
        file.write(b"whole")
    assert (tmp_path / "new" / "file").read_bytes() == b"whole"


def test_a_finished_file_has_its_content_and_nothing_is_beside_it(tmp_path):
    with open_atomic(tmp_path / "folder" / "file") as file:
        file.write(b"new")
    assert (tmp_path / "folder" / "file").read_bytes() == b"new"
    assert len(list((tmp_path / "folder").iterdir())) == 1


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), open_atomic(tmp_path / "file") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_two_writers_do_not_mix_their_content(tmp_path):
    with open_atomic(tmp_path / "file") as first, open_atomic(tmp_path / "file") as second:
        first.write(b"first")
        second.write(b"second")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"first"]


def test_a_secret_is_readable_by_its_owner_alone_while_it_is_written(tmp_path):
    with open_atomic(tmp_path / "secret", 0o600):
        (part,) = tmp_path.iterdir()
        assert part.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_an_interrupted_folder_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), make_folder_atomic(tmp_path / "folder") as folder:
        (folder / "file").write_bytes(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_finished_folder_is_readable_by_all(tmp_path):
    with make_folder_atomic(tmp_path / "folder") as folder:
        (folder / "file").write_bytes(b"whole")
    assert (tmp_path / "folder" / "file").read_bytes() == b"whole"
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755


def test_the_first_of_two_writers_wins_where_nothing_may_be_replaced(tmp_path):
    with open_atomic(tmp_path / "file", replaces=False) as file:
        file.write(b"first")
    with pytest.raises(FileExistsError), open_atomic(tmp_path / "file", replaces=False) as file:
        file.write(b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 1
