"""The watched folder: each complete file is read once and moved, whatever its name and wherever the process ends."""

import fcntl
import os
import time
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from recognizer.models import Batch, BatchItem, Job, Preset, Upload
from recognizer.problems import KINDS, Problem
from recognizer.services.batches import intake, watched_folder
from recognizer.services.batches.documents import document_pages
from recognizer.services.batches.watched_folder import WatchedFolder
from recognizer.services.reading.presets import change_preset, create_preset, delete_preset
from recognizer.services.work import runs
from tests.documents import pdf_of
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import claim, run_waiting_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Scanner"
    folder.mkdir()
    return folder


@pytest.fixture
def watched(folder: Path, alice: User, model, media) -> WatchedFolder:
    return WatchedFolder(folder, alice, "digit", settled_seconds=0)


def put(folder: Path, name: str, data: bytes = b"") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data or digit_png(7, size=60))


def files_in(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found)


def run(watched: WatchedFolder) -> None:
    """Look twice, as a process does that runs all the time, have the files read, and move them."""
    watched.take_files()
    watched.run_once()
    run_waiting_jobs()
    watched.run_once()


def test_files_are_read_and_moved_with_the_reason_of_a_failure(watched, folder, alice):
    put(folder, "May/10.png")
    put(folder, "notes.txt", b"no picture")
    put(folder, "broken.png", digit_png(7)[:100])
    run(watched)

    failed = ["failed/broken.png", "failed/broken.png.txt", "failed/notes.txt", "failed/notes.txt.txt"]
    assert files_in(folder) == ["done/May/10.png", *failed]
    assert (folder / "failed/broken.png.txt").read_text() == "corrupt_image: The image is damaged.\n"
    (batch,) = Batch.objects.filter(owner=alice)
    assert (batch.mode, batch.items.count()) == ("digit", 3)
    assert batch.name.startswith("Scanner 20")
    assert list(Upload.objects.values_list("name", flat=True)) == ["May/10.png"]


def test_later_files_join_the_batch_of_the_day(watched, folder):
    for name in ("a.png", "b.png"):
        put(folder, name)
        run(watched)
    assert [item.name for item in Batch.objects.get().items.all()] == ["a.png", "b.png"]


def test_a_file_that_still_grows_or_is_unfinished_is_left_alone(watched, folder):
    put(folder, "grows.png", b"1")
    for name in ("x.part", ".hidden.png", "y.png.crdownload"):
        put(folder, name)
    (folder / "link.png").symlink_to(folder / "x.part")
    watched.take_files()
    put(folder, "grows.png", b"12")
    before = files_in(folder)
    watched.take_files()
    assert files_in(folder) == before


@pytest.mark.parametrize(("age", "is_taken"), [(-86_400, True), (0, False), (60, True)])
def test_a_file_is_taken_when_its_time_is_past_or_impossible(watched, folder, age, is_taken):
    watched.settled_seconds = 30.0
    put(folder, "a.png")
    written = time.time() - age
    os.utime(folder / "a.png", (written, written))
    watched.take_files()
    watched.take_files()
    assert (files_in(folder) != ["a.png"]) is is_taken


@pytest.mark.skipif(not hasattr(fcntl, "F_SETLEASE"), reason="Only Linux tells whether a file is open.")
def test_a_file_that_is_open_for_writing_is_left_alone(watched, folder):
    with (folder / "open.png").open("wb") as file:
        file.write(digit_png(7))
        file.flush()
        watched.take_files()
        watched.take_files()
        assert files_in(folder) == ["open.png"]
    run(watched)
    assert files_in(folder) == ["done/open.png"]


def test_a_file_that_was_written_a_moment_ago_is_left_alone(watched, folder):
    watched.settled_seconds = 3600
    put(folder, "a.png")
    watched.take_files()
    watched.take_files()
    assert files_in(folder) == ["a.png"]


def test_two_files_with_one_name_are_both_kept(watched, folder):
    for digit in (1, 2, 3):
        put(folder, "scan.png", digit_png(digit, size=60))
        run(watched)
    assert files_in(folder) == ["done/scan (2).png", "done/scan (3).png", "done/scan.png"]
    assert Upload.objects.count() == 3


@pytest.mark.parametrize("name", ["=1+1.png", "\u202egnp.png", "line\nfeed.png", "x" * 251 + ".png", "a b'c\".png"])
@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_odd_names_are_safe(watched, folder, name, data):
    put(folder, name, data)
    run(watched)
    assert files_in(folder / ".taking") == []
    assert (folder / ("failed" if data else "done") / name).exists()
    assert BatchItem.objects.get().name.isprintable()


def test_a_name_that_is_not_unicode_is_read(watched, folder):
    path = os.fsencode(folder) + b"/\xff\xfe.png"
    with open(path, "wb") as file:  # noqa: PTH123  # such a name has no text
        file.write(digit_png(7, size=60))
    run(watched)
    assert BatchItem.objects.get().state == "done"
    (moved,) = (folder / "done").iterdir()
    assert os.fsencode(moved.name) == b"\xff\xfe.png"


def open_documents() -> None:
    """Run the oldest jobs until all documents are opened. On a busy machine a job opens only some of the pages."""
    while BatchItem.objects.exclude(pages_opened=None).exists():
        runs.run_job(claim(Job.objects.filter(state=Job.State.WAITING).earliest("created_at")))


def test_a_document_is_moved_when_all_of_its_pages_are_read(watched, folder):
    put(folder, "letter.pdf", pdf_of("407"))
    watched.take_files()
    watched.run_once()
    open_documents()
    keys = [item.pk for item in BatchItem.objects.order_by("page")]
    BatchItem.objects.filter(pk=keys[0]).update(state="done")  # page 1 is read before the others
    assert watched.run_once() == 0
    assert [path.parts[0] for path in map(Path, files_in(folder))] == [".taking"]
    BatchItem.objects.filter(pk=keys[0]).update(state="waiting")
    run_waiting_jobs()
    watched.run_once()
    assert files_in(folder) == ["done/letter.pdf"]
    assert set(BatchItem.objects.values_list("state", flat=True)) == {"done"}


def test_the_reason_beside_a_document_names_the_page_that_was_not_read(watched, folder):
    for _ in range(2):  # two documents of one name
        put(folder, "letter.pdf", pdf_of("407"))
        watched.take_files()
        watched.run_once()
    open_documents()
    first = BatchItem.objects.filter(page=1).first()
    Path(document_pages(first)[1].staged.path).write_bytes(b"no picture")
    run_waiting_jobs()
    watched.run_once()
    assert files_in(folder) == ["done/letter.pdf", "failed/letter.pdf", "failed/letter.pdf.txt"]
    title = KINDS["unsupported_format"].title
    assert (folder / "failed/letter.pdf.txt").read_text() == f"Page 2, unsupported_format: {title}\n"


class Killed(BaseException):
    """The end of the process."""


@pytest.mark.parametrize("step", ["take_files", "add_taken", "move_finished", "rename", "save_items", "write_reason"])
def test_a_file_is_read_once_wherever_the_process_ends(watched, folder, alice, monkeypatch, step):
    put(folder, "a.png")
    put(folder, "notes.txt", b"no picture")

    def kill(*args, **options):
        raise Killed

    patches = {
        "rename": (Path, "rename"),
        "save_items": (intake, "save_items"),
        "write_reason": (watched_folder, "free_name"),
    }
    owner, name = patches.get(step, (WatchedFolder, step))
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(owner, name, kill)
        run(watched)
    again = WatchedFolder(folder, alice, "digit", settled_seconds=0)
    run(again)
    again.run_once()
    assert files_in(folder) == ["done/a.png", "failed/notes.txt", "failed/notes.txt.txt"]
    assert sorted(BatchItem.objects.values_list("name", flat=True)) == ["a.png", "notes.txt"]
    assert Upload.objects.count() == 1


def test_a_full_quota_loses_nothing(watched, folder, settings):
    settings.QUOTA_PICTURES = 0
    put(folder, "a.png")
    watched.take_files()
    with pytest.raises(Problem, match="quota"):
        watched.run_once()
    settings.QUOTA_PICTURES = 100
    run(watched)
    assert files_in(folder) == ["done/a.png"]


def test_a_reason_overwrites_neither_a_file_of_its_name_nor_another_reason(watched, folder):
    names = ["a" * 80 + "1.png", "a" * 80 + "2.png"]
    for name in ("x.png.txt", "x.png", *names):
        put(folder, name, b"no picture of " + name.encode())
        run(watched)
    failed = folder / "failed"
    assert (failed / "x.png.txt").read_text() == "no picture of x.png.txt"
    assert (failed / "x.png (2).txt").read_text().startswith("unsupported_format: ")
    assert [(failed / name).exists() for name in names] == [True, True]
    assert len([path for path in failed.iterdir() if path.name.startswith("a") and path.suffix == ".txt"]) == 2


def test_a_second_file_with_the_longest_name_is_moved_under_a_shorter_one(watched, folder):
    name = "x" * 251 + ".png"
    for _ in range(2):
        put(folder, name)
        run(watched)
    assert files_in(folder) == ["done/" + "x" * 247 + " (2).png", f"done/{name}"]


@pytest.mark.parametrize("name", ["notes.txt", "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 83 + ".txt"])
def test_a_kill_before_a_failed_file_is_moved_leaves_one_reason(watched, folder, monkeypatch, name):
    put(folder, name, b"no picture")
    watched.take_files()
    watched.run_once()
    rename = Path.rename

    def kill(path: Path, target: Path) -> Path:
        if path.name == name:
            raise Killed
        return rename(path, target)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "rename", kill)
        watched.run_once()
    (reason,) = (folder / "failed").iterdir()
    watched.run_once()
    assert set((folder / "failed").iterdir()) == {reason, folder / "failed" / name}
    assert reason.read_text().startswith("unsupported_format: ")
    assert files_in(folder / ".taking") == []


@pytest.fixture
def meter(watched, alice) -> Preset:
    watched.mode, watched.preset_name = None, "Meter"
    return create_preset(owner=alice, name="Meter", mode="digit", fields={"digits": "1"})


def test_a_changed_preset_counts_for_files_that_are_read_from_then_on(watched, folder, meter):
    put(folder, "a.png")
    run(watched)
    change_preset(meter, fields={"values": "7, 8"}, mode="number")
    put(folder, "b.png")
    run(watched)
    ways = [(batch.mode, batch.expected_fields) for batch in Batch.objects.order_by("created_at")]
    assert ways == [("digit", {"digits": "1"}), ("number", {"values": "7, 8"})]


def test_files_wait_for_a_preset_that_was_deleted(watched, folder, alice, meter):
    delete_preset(meter)
    put(folder, "a.png")
    for _ in range(2):
        with pytest.raises(Problem, match=r"There is no preset Meter\. Create it, or start"):
            watched.run_once()
    assert files_in(folder) == ["a.png"]
    create_preset(owner=alice, name="Meter", fields={"digits": "1"})
    run(watched)
    assert files_in(folder) == ["done/a.png"]


def test_files_that_are_read_already_are_moved_without_the_preset(watched, folder, meter):
    for name in ("a.png", "b.png"):
        put(folder, name)
        watched.take_files()
        watched.run_once()
    run_waiting_jobs()
    delete_preset(meter)
    with pytest.raises(Problem, match="There is no preset Meter"):
        watched.run_once()
    assert files_in(folder) == ["done/a.png", "done/b.png"]


def test_a_preset_with_a_refused_field_is_not_called_missing(watched, folder, meter):
    Preset.objects.filter(pk=meter.pk).update(expectation={"digits": "many"})
    with pytest.raises(Problem) as raised:
        watched.choose_way()
    assert list(raised.value.errors["expect"]) == ["digits"]
    assert "There is no preset" not in raised.value.detail
