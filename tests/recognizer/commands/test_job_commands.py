"""Tests of the commands `jobs` and `import_uploads`."""

import csv
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from recognizer.management.commands import import_uploads
from recognizer.management.commands.import_uploads import Command
from recognizer.models import Batch, BatchItem, Job
from recognizer.services.batches import intake
from recognizer.services.batches.progress import progress_of
from recognizer.services.exports.spreadsheets import SHEET_COLUMNS
from recognizer.services.reading.presets import create_preset
from recognizer.services.work.queues import BULK
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import run_waiting_jobs
from tests.recognizer.tables import rows_of_sheet

pytestmark = pytest.mark.django_db


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def create_job(**fields) -> Job:
    return Job.objects.create(**{"kind": Job.Kind.RESCORE, "queue": BULK, "payload": {"ids": []}, **fields})


def test_jobs_shows_queues_ages_and_failures():
    create_job()
    failed = create_job(state=Job.State.FAILED, attempts=3, error="It died.", finished_at="2026-11-20T10:00:00Z")
    shown = run_command("jobs")
    assert "queue cannot be reached" in shown
    bulk = next(line for line in shown.splitlines() if line.startswith(BULK))
    assert bulk.split()[1:5] == ["?", "1", "0", "0"]
    assert str(failed.pk) in shown
    assert "3 attempts: It died." in shown


def test_jobs_counts_the_messages_of_a_real_redis(redis_server):
    from recognizer.services.work import jobs

    jobs.enqueue_jobs([create_job(), create_job()])
    bulk = next(line for line in run_command("jobs").splitlines() if line.startswith(BULK))
    assert bulk.split()[1:3] == ["2", "2"]


def test_failed_jobs_are_retried_by_id_or_all():
    one, *_ = (create_job(state=Job.State.FAILED, attempts=3) for _ in range(3))
    assert run_command("jobs", "--retry", str(one.pk)).startswith("1 jobs")
    assert run_command("jobs", "--retry", "all").startswith("2 jobs")
    assert not Job.objects.filter(state=Job.State.FAILED).exists()


def test_jobs_are_cancelled_by_id():
    job, other = create_job(), create_job()
    assert run_command("jobs", "--cancel", str(job.pk)).startswith("1 jobs")
    assert Job.objects.get(state=Job.State.WAITING) == other


def test_an_invalid_job_id_is_wrong_usage():
    with pytest.raises(CommandError) as raised:
        run_command("jobs", "--retry", "the-broken-one")
    assert raised.value.returncode == 2


def test_a_folder_is_imported_with_its_subfolders(alice, media, tmp_path):
    for name, data in {"b.png": digit_png(3), "in/a.png": digit_png(4), "notes.txt": b"x", ".hidden": b"x"}.items():
        path = tmp_path / "forms" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    output = run_command("import_uploads", str(tmp_path / "forms"), "--user", "alice", "--mode", "digit")
    batch = Batch.objects.get()
    assert output == f"{batch.pk} 3\n"
    assert (batch.owner, batch.name, batch.mode, progress_of(batch).is_open) == (alice, "forms", "digit", False)
    assert dict(batch.items.values_list("name", "state")) == {
        "b.png": "waiting",
        "in/a.png": "waiting",
        "notes.txt": "failed",
    }


def test_a_large_folder_becomes_several_batches(alice, media, tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "MAX_ITEMS", 2)
    for n in range(5):
        (tmp_path / f"{n}.png").write_bytes(digit_png(n, size=60))
    run_command("import_uploads", str(tmp_path), "--user", "alice")
    assert sorted(batch.items.count() for batch in Batch.objects.all()) == [1, 2, 2]


def test_an_import_that_ended_early_goes_on_without_the_files_that_it_stored(
    alice, bob, media, tmp_path, monkeypatch, settings
):
    monkeypatch.setattr(import_uploads, "FILES_PER_TRANSACTION", 1)
    settings.QUOTA_PICTURES = 2
    for n in range(4):
        (tmp_path / f"{n}.png").write_bytes(digit_png(n, size=60))
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("import_uploads", str(tmp_path), "--user", "alice", stdout=StringIO(), stderr=err)
    batch = Batch.objects.get()
    assert (batch.items.count(), progress_of(batch).is_open) == (2, False)
    assert f"--batch {batch.pk}" in err.getvalue()

    settings.QUOTA_PICTURES = 10
    with pytest.raises(CommandError, match="has no such batch"):
        run_command("import_uploads", str(tmp_path), "--user", "bob", "--batch", str(batch.pk))
    run_command("import_uploads", str(tmp_path), "--user", "alice", "--batch", str(batch.pk))
    names = BatchItem.objects.filter(batch__owner=alice).values_list("name", flat=True)
    assert sorted(names) == ["0.png", "1.png", "2.png", "3.png"]


def test_an_import_without_space_for_its_first_file_leaves_no_batch(alice, media, tmp_path, settings):
    settings.QUOTA_BYTES = 1
    (tmp_path / "a.png").write_bytes(digit_png(3))
    with pytest.raises(CommandError):
        run_command("import_uploads", str(tmp_path), "--user", "alice")
    assert not Batch.objects.exists()


def test_a_file_that_cannot_be_opened_ends_the_import_with_its_name(alice, media, tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(digit_png(3))
    find_files = import_uploads.find_files

    def find_and_remove(folder):
        found = find_files(folder)
        (folder / "a.png").unlink()
        return found

    monkeypatch.setattr(import_uploads, "find_files", find_and_remove)
    with pytest.raises(CommandError, match=r"a\.png"):
        run_command("import_uploads", str(tmp_path), "--user", "alice")


def test_a_folder_is_imported_with_a_preset_of_its_owner(alice, bob, media, tmp_path):
    preset = create_preset(owner=alice, name="Water meter", mode="number", fields={"digits": "4"})
    (tmp_path / "a.png").write_bytes(digit_png(3))
    for mode, expected in (((), "number"), (("--mode", "lines"), "lines")):
        run_command("import_uploads", str(tmp_path), "--user", "alice", "--preset", "Water meter", *mode)
        batch = Batch.objects.latest("created_at")
        assert (batch.preset, batch.mode, batch.expected_fields) == (preset, expected, {"digits": "4"})
    for user, name in (("alice", "Gas meter"), ("bob", "Water meter")):
        with pytest.raises(CommandError, match="There is no preset with this name") as raised:
            run_command("import_uploads", str(tmp_path), "--user", user, "--preset", name)
        assert raised.value.returncode == 2
    assert Batch.objects.count() == 2


@pytest.mark.parametrize("arguments", [["/nowhere", "--user", "alice"], [".", "--user", "nobody"]])
def test_a_wrong_folder_or_user_is_wrong_usage(alice, arguments):
    with pytest.raises(CommandError) as raised:
        run_command("import_uploads", *arguments)
    assert raised.value.returncode == 2


def test_an_unknown_job_changes_nothing():
    assert run_command("jobs", "--cancel", str(uuid.uuid4())).startswith("0 jobs")


def import_with_output(folder, output, *arguments: str) -> str:
    """Import the folder, and read its files while the command waits."""
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_uploads", str(folder), "--user", "alice", "--wait", "--output", str(output), stdout=out)
    assert ended.value.code == 1  # a file could not be read
    return out.getvalue()


@pytest.fixture
def forms(tmp_path, monkeypatch):
    """Return a folder of files, which are read as soon as the command waits for them."""
    folder = tmp_path / "Water meters"
    for name, data in {"10.png": digit_png(7), "9.png": digit_png(4), "=notes.txt": b"x"}.items():
        (folder / "May" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "May" / name).write_bytes(data)
    wait = Command.wait
    monkeypatch.setattr(Command, "wait", lambda self, batch: run_waiting_jobs() or wait(self, batch))
    return folder


def test_a_folder_becomes_a_table_with_one_command(alice, model, media, forms, tmp_path):
    import_with_output(forms, tmp_path / "readings.xlsx")
    rows = list(rows_of_sheet(load_workbook(tmp_path / "readings.xlsx")["Results"]))
    assert [row["file"] for row in rows] == ["May/9.png", "May/10.png", "May/=notes.txt"]
    assert [row["state"] for row in rows] == ["done", "done", "failed"]
    assert rows[0]["link"].startswith("http") and list(rows[0]) == list(SHEET_COLUMNS)
    import_with_output(forms, tmp_path / "readings.csv")
    texts = [row["final"] for row in csv.DictReader((tmp_path / "readings.csv").open(newline=""))]
    assert texts == [row["final"] or "" for row in rows]
    output = import_with_output(forms, "-")
    assert [row["final"] for row in csv.DictReader(StringIO(output))] == texts


@pytest.mark.parametrize(
    "arguments", [["--output", "x.csv"], ["--wait", "--output", "x.ods"], ["--wait", "--output", "/nowhere/x.csv"]]
)
def test_a_wrong_output_is_refused_before_anything_is_read(alice, forms, arguments):
    with pytest.raises(CommandError, match="--output") as raised:
        run_command("import_uploads", str(forms), "--user", "alice", *arguments)
    assert raised.value.returncode == 2
    assert not Batch.objects.exists()
