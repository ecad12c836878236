"""XLSX files of batches and of the history: types, counts, states, and who may fetch them."""

import io
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from recognizer.bodies.results import RESULT_COLUMNS
from recognizer.models import Batch, Job, TableExport
from recognizer.services.batches import intake
from recognizer.services.exports import table_exports
from recognizer.services.history.corrections import correct
from recognizer.services.quality.figures import figures_for
from recognizer.services.quality.promises import choose_wish
from recognizer.services.space.quotas import usage
from recognizer.services.work import jobs, runs
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading
from tests.recognizer.services.batches.conftest import claim, run_waiting_jobs, stored_files
from tests.recognizer.services.quality.conftest import add_checked
from tests.recognizer.tables import fetch_file, fetch_workbook, rows_of_sheet

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(alice, model, media) -> Batch:
    batch = intake.create_batch(owner=alice, name="Monday")
    files = [(f"{digit}.png", ContentFile(digit_png(digit, size=60))) for digit in (3, 7)]
    intake.add_files(batch, [*files, ("notes.txt", ContentFile(b"no picture"))], close=True)
    run_waiting_jobs()
    return batch


def start(client, batch: Batch):
    return client.post(reverse("batch_xlsx", args=[batch.pk]))


def export_all(client):
    return client.post(reverse("history_bulk"), {"action": "xlsx", "all": "1", "query": ""})


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("852", 852),
        ("0", 0),
        ("-12.50", -12.5),
        ("12,50", 12.5),
        ("0.5", 0.5),
        ("00852", "00852"),
        ("-007", "-007"),
        ("07-11", None),
        ("123456789012345", 123456789012345),
        ("1234567890123456", "1234567890123456"),
    ],
)
def test_a_value_is_a_number_unless_it_would_change(alice, alice_client, model, media, written, cell):
    store_reading(make_reading(written), owner=alice)
    (row,) = rows_of_sheet(fetch_workbook(alice_client, export_all(alice_client))["Results"])
    assert (row["final_value"], type(row["final_value"])) == (cell, type(cell))
    assert row["value"] == cell
    assert (row["written"], row["final"]) == (written, written)


def test_no_cell_is_a_formula(alice, alice_client, model, media, add_prediction):
    names = ["=1+1", "+1", "@x", "-1", "{=1}", "http://evil.example", "\u202e=1"]
    for name in names:
        add_prediction("7", name=name)
    sheet = fetch_workbook(alice_client, export_all(alice_client))["Results"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}
    assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)
    assert sorted(row["file"] for row in rows_of_sheet(sheet)) == sorted(names)


def test_a_spreadsheet_begins_with_the_file_and_the_number_that_counts(alice_client, batch):
    names = [cell.value for cell in fetch_workbook(alice_client, export_all(alice_client))["Results"][1]]
    assert names[:5] == ["file", "final", "final_value", "decision", "confidence"]
    assert sorted(names) == sorted(RESULT_COLUMNS)


def test_the_second_sheet_has_the_counts_of_the_batch(alice, alice_client, batch):
    correct(prediction=batch.items.get(name="3.png").upload.predictions.get(), by=alice, kind="correct", text="8")
    summary = dict(fetch_workbook(alice_client, start(alice_client, batch))["Summary"].iter_rows(values_only=True))
    assert summary["name"] == "Monday"
    assert [summary[name] for name in ("files", "failed", "correct", "not_reviewed")] == [3, 1, 1, 1]
    assert summary["read"] + summary["unsure"] + summary["rejected"] == 2


def test_the_second_sheet_has_the_promise_and_the_errors_to_expect(alice, alice_client, batch):
    stream = batch.items.get(name="3.png").upload.predictions.get().stream
    choose_wish(stream, 0.02)
    add_checked(stream, [(0.99, n > 0) for n in range(100)])
    summary = dict(fetch_workbook(alice_client, start(alice_client, batch))["Summary"].iter_rows(values_only=True))
    figures = figures_for(alice)[0]
    assert (summary["stream"], summary["model"]) == (str(stream), stream.model.version)
    assert (summary["checked"], summary["wrong"], summary["wish"]) == (100, 1, 0.02)
    assert summary["bound"] == pytest.approx(figures.error.bound) and summary["rate"] == figures.error.rate
    assert summary["promised_at"] is None
    assert summary["errors_to_expect"] == pytest.approx(summary["read"] * figures.error.rate)


def test_the_file_is_named_after_the_batch(alice_client, batch):
    response = fetch_file(alice_client, start(alice_client, batch))
    assert response["Content-Disposition"] == 'attachment; filename="Monday.xlsx"'


def test_the_ticked_pictures_alone_are_exported(alice_client, add_prediction):
    chosen, _other = add_prediction("7"), add_prediction("1")
    answer = alice_client.post(reverse("history_bulk"), {"action": "xlsx", "pick": [str(chosen.upload_id)]})
    (row,) = rows_of_sheet(fetch_workbook(alice_client, answer)["Results"])
    assert row["text"] == "7"


def test_the_filters_of_the_list_name_days_in_the_time_zone_of_the_person(alice_client, add_prediction):
    alice_client.cookies["time_zone"] = "Pacific/Kiritimati"
    now = timezone.now()
    add_prediction("7", at=now)
    today = timezone.localtime(now, timezone.get_fixed_timezone(14 * 60)).date()
    answer = alice_client.post(reverse("history_bulk"), {"action": "xlsx", "all": "1", "query": f"since={today}"})
    assert len(list(rows_of_sheet(fetch_workbook(alice_client, answer)["Results"]))) == 1


def test_the_page_waits_for_the_file_and_then_links_to_it(alice_client, batch):
    page = start(alice_client, batch)["Location"]
    assert 'hx-trigger="every 1s, visibilitychange' in alice_client.get(page).content.decode()
    assert alice_client.get(f"{page}file/").status_code == 409
    run_waiting_jobs()
    ready = alice_client.get(page, headers={"HX-Request": "true"}).content.decode()
    assert f'href="{page}file/"' in ready and "hx-trigger" not in ready


def test_a_second_click_starts_no_second_file(alice_client, batch):
    assert start(alice_client, batch)["Location"] == start(alice_client, batch)["Location"]
    run_waiting_jobs()
    start(alice_client, batch)  # corrections may have followed
    assert TableExport.objects.count() == 2


def test_a_file_that_cannot_be_written_is_reported(alice_client, batch):
    page = start(alice_client, batch)["Location"]
    jobs.fail_jobs(Job.objects.filter(kind=Job.Kind.TABLE_EXPORT), "broken")
    assert "could not be written" in alice_client.get(page).content.decode()


def test_nobody_else_reaches_the_file(alice_client, bob_client, admin_client, batch):
    page = start(alice_client, batch)["Location"]
    run_waiting_jobs()
    for client in (bob_client, admin_client):
        assert client.get(page).status_code == client.get(f"{page}file/").status_code == 404
    assert bob_client.post(reverse("batch_xlsx", args=[batch.pk])).status_code == 404


def test_an_expired_file_is_removed_and_counts_no_more(
    alice, alice_client, batch, media, django_capture_on_commit_callbacks
):
    before = usage(alice.pk).bytes
    page = start(alice_client, batch)["Location"]
    run_waiting_jobs()
    export = TableExport.objects.get()
    assert usage(alice.pk).bytes == before + export.bytes
    TableExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert alice_client.get(page).status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        table_exports.purge_tables()
    assert not TableExport.objects.exists() and not Job.objects.filter(kind=Job.Kind.TABLE_EXPORT).exists()
    assert usage(alice.pk).bytes == before
    assert not [path for path in stored_files(media) if path.suffix == ".xlsx"]


def test_a_run_that_has_lost_its_lease_leaves_the_file_of_the_run_that_took_its_place(
    alice_client, batch, media, monkeypatch
):
    start(alice_client, batch)
    export = TableExport.objects.get()
    late = claim(export.job)
    check = table_exports.require_disk_space

    def let_another_run_finish():
        monkeypatch.setattr(table_exports, "require_disk_space", check)
        Job.objects.filter(pk=late.pk).update(state=Job.State.WAITING, lease_id=None, lease_until=None)
        table_exports.write_table(claim(export.job))

    monkeypatch.setattr(table_exports, "require_disk_space", let_another_run_finish)
    with pytest.raises(runs.LeaseLost):
        table_exports.write_table(late)
    export.refresh_from_db()
    assert export.file.storage.exists(export.file.name)


def test_the_oldest_files_make_room_for_new_ones(alice, alice_client, batch, settings):
    for _ in range(table_exports.MAX_KEPT + 2):
        start(alice_client, batch)
        run_waiting_jobs()
    assert TableExport.objects.count() == table_exports.MAX_KEPT


def test_too_many_pictures_are_refused(alice_client, add_prediction, monkeypatch):
    monkeypatch.setattr(table_exports, "MAX_PICTURES", 1)
    add_prediction("7"), add_prediction("1")
    answer = export_all(alice_client)
    assert answer.status_code == 400 and "export CSV" in answer.content.decode()


def test_an_empty_selection_gives_the_headers_alone(alice_client, add_prediction):
    add_prediction("7")
    answer = alice_client.post(reverse("history_bulk"), {"action": "xlsx", "all": "1", "query": "q=nothing"})
    response = fetch_file(alice_client, answer)
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    assert book["Results"].max_row == 1
