"""Actions on a batch's page: many files at once, more files, and reading all again. They need no script."""

import re
from html import escape, unescape

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from recognizer.models import Batch, Correction, Job, ModelVersion, Prediction, TableExport
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.batches import control, intake
from recognizer.services.batches.left_to_do import left_to_do
from recognizer.services.batches.reading_again import read_batch_again
from recognizer.services.history.corrections import correct
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.reading.presets import create_preset
from recognizer.services.space.quotas import count_stored, usage
from recognizer.views import history
from tests.documents import pdf_of
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import run_waiting_jobs
from tests.recognizer.services.batches.test_archives import zipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(alice, model, media) -> Batch:
    batch = intake.create_batch(owner=alice, name="Monday", mode="digit")
    files = [(f"{digit}.png", ContentFile(digit_png(digit, size=60))) for digit in (3, 7)]
    intake.add_files(batch, [*files, ("notes.txt", ContentFile(b"no picture"))], close=True)
    run_waiting_jobs()
    return batch


def url(name: str, batch: Batch) -> str:
    return reverse(name, args=[batch.pk])


def page_of(client, batch: Batch, **query: str) -> str:
    response = client.get(url("batch_detail", batch), query)
    assert response.status_code == 200
    return response.content.decode()


def picks(batch: Batch, *names: str) -> dict[str, object]:
    keys = [str(key) for key in batch.items.filter(name__in=names).values_list("upload", flat=True)]
    return {"pick": keys, "batch": str(batch.pk), "query": f"batch={batch.pk}", "table": "q=png&ordering=-name"}


# --- Many files ---------------------------------------------------------------------------------------------------


def test_every_read_file_can_be_selected(alice_client, batch):
    page = page_of(alice_client, batch)
    assert page.count('name="pick"') == 2 and page.count('form="batch-many"') == 2
    assert "Select 3.png" in page and "Select notes.txt" not in page


def test_deleted_files_lead_back_to_the_table_which_offers_to_restore_them(alice_client, bob_client, batch):
    answer = alice_client.post(reverse("history_bulk"), picks(batch, "3.png") | {"action": "delete"})
    table = f"{url('batch_detail', batch)}?q=png&ordering=-name"
    assert answer["Location"].startswith(f"{table}&deleted=")
    page = alice_client.get(answer["Location"])
    assert "1 picture deleted." in page.content.decode()
    back = {"deleted": page.context["deleted"], "batch": str(batch.pk), "table": page.context["query"].urlencode()}
    assert alice_client.post(reverse("history_restore"), back)["Location"] == table
    assert selectors.uploads_for(batch.owner).count() == 2
    assert bob_client.get(answer["Location"]).status_code == 404


def test_the_question_before_many_are_deleted_keeps_the_way_back(alice_client, batch, monkeypatch):
    monkeypatch.setattr(history, "MAX_UNCONFIRMED", 1)
    data = picks(batch, "3.png", "7.png") | {"action": "delete"}
    page = alice_client.post(reverse("history_bulk"), data).content.decode()
    table = f"{url('batch_detail', batch)}?q=png&ordering=-name"
    assert f'href="{escape(table)}"' in page
    sent = dict(re.findall('<input type="hidden" name="(batch|table)" value="([^"]*)">', page))
    answer = alice_client.post(
        reverse("history_bulk"), data | {name: unescape(sent[name]) for name in sent} | {"confirmed": "1"}
    )
    assert len(sent) == 2 and answer["Location"].startswith(f"{table}&deleted=")


def test_a_picture_that_was_opened_from_the_table_leads_back_there(alice_client, bob_client, batch):
    pk = batch.items.get(name="3.png").upload_id
    table = "q=png&ordering=-name"
    assert f'href="{reverse("upload_detail", args=[pk])}?table=q%3Dpng%26ordering%3D-name"' in page_of(
        alice_client, batch, q="png", ordering="-name"
    )
    page = alice_client.get(reverse("upload_detail", args=[pk]), {"table": table}).content.decode()
    assert f'href="{url("batch_detail", batch)}?{escape(table)}"' in page
    delete = reverse("upload_delete", args=[pk])
    assert bob_client.post(delete, {"table": table}).status_code == 404
    assert alice_client.post(delete, {"table": table})["Location"].startswith(f"{url('batch_detail', batch)}?{table}&")
    other = batch.items.get(name="7.png").upload_id
    answer = alice_client.post(reverse("upload_delete", args=[other]))  # opened from the history
    assert answer["Location"].startswith(f"{reverse('history')}?deleted=")


@pytest.mark.parametrize("name", ["batch_add", "upload_create"])
def test_more_files_than_a_form_may_hold_are_refused_with_the_number(alice_client, batch, name):
    files = [SimpleUploadedFile(f"{n}.png", digit_png(7, size=60)) for n in range(101)]
    answer = alice_client.post(url(name, batch) if name == "batch_add" else reverse(name), {"image": files})
    assert answer.status_code == 400
    assert "More than 100 files were sent at once, and none was taken." in answer.content.decode()
    assert batch.items.count() == 3


def test_selected_files_are_corrected_together_and_the_table_is_shown_again(alice_client, batch):
    data = picks(batch, "3.png", "7.png") | {"action": "correct", "value": "0042"}
    answer = alice_client.post(reverse("history_bulk"), data)
    assert answer["Location"] == f"{url('batch_detail', batch)}?q=png&ordering=-name"
    assert [row.written for row in Correction.objects.all()] == ["0042", "0042"]
    assert page_of(alice_client, batch).count('value="0042"') == 4


@pytest.mark.parametrize("action", ["confirm", "not_a_digit"])
def test_selected_files_are_confirmed_or_rejected(alice_client, batch, action):
    alice_client.post(reverse("history_bulk"), picks(batch, "7.png") | {"action": action})
    assert [row.kind for row in Correction.objects.all()] == [action]


def test_selected_files_are_exported_under_the_name_of_the_batch(alice_client, batch):
    answer = alice_client.post(reverse("history_bulk"), picks(batch, "7.png") | {"action": "csv"})
    assert answer["Content-Disposition"] == 'attachment; filename="Monday.csv"'
    assert b"".join(answer.streaming_content).decode().count(".png") == 1
    alice_client.post(reverse("history_bulk"), picks(batch, "7.png") | {"action": "xlsx"})
    assert TableExport.objects.get().title == "Monday"


def test_selected_files_are_deleted_and_come_back(alice_client, batch):
    answer = alice_client.post(reverse("history_bulk"), picks(batch, "7.png") | {"action": "delete"}, follow=True)
    assert "1 picture deleted." in answer.content.decode()
    assert page_of(alice_client, batch).count('name="pick"') == 1


def test_an_action_on_nothing_is_refused(alice_client, batch):
    answer = alice_client.post(reverse("history_bulk"), picks(batch) | {"action": "confirm"})
    assert answer.status_code == 400 and "Select at least one picture" in answer.content.decode()


# --- More files ---------------------------------------------------------------------------------------------------


def test_files_archives_and_documents_are_added_to_a_closed_batch(alice_client, batch):
    files = [
        SimpleUploadedFile("9.png", digit_png(9, size=60)),
        SimpleUploadedFile("more.zip", zipped({"in.png": digit_png(1)}).getvalue()),
        SimpleUploadedFile("scan.pdf", pdf_of("40")),
    ]
    answer = alice_client.post(url("batch_add", batch), {"image": files}, follow=True)
    assert "3 files added." in answer.content.decode()
    run_waiting_jobs()
    assert batch.items.filter(state="done").count() == 6
    assert set(Prediction.objects.values_list("mode", flat=True)) == {"digit"}
    batch.refresh_from_db()
    assert batch.closed_at  # for programs


def test_a_cancelled_batch_takes_no_files(alice_client, batch):
    control.cancel_batch(batch)
    assert "Add files" not in page_of(alice_client, batch)
    answer = alice_client.post(url("batch_add", batch), {"image": SimpleUploadedFile("9.png", digit_png(9))})
    assert answer.status_code == 409 and batch.items.count() == 3


def test_a_form_without_files_or_with_a_broken_archive_adds_nothing(alice_client, batch):
    assert alice_client.post(url("batch_add", batch)).status_code == 400
    broken = SimpleUploadedFile("x.zip", b"PK\x03\x04broken")
    answer = alice_client.post(url("batch_add", batch), {"image": broken})
    assert answer.status_code == 422 and "The ZIP file is damaged." in answer.content.decode()
    assert batch.items.count() == 3


# --- Read again ---------------------------------------------------------------------------------------------------


def test_all_pictures_are_read_again_in_another_way_and_corrections_stay(alice, alice_client, batch):
    create_preset(owner=alice, name="Ones", mode="number", fields={"values": "1"})
    first = batch.items.get(name="7.png").upload.predictions.get()
    correct(prediction=first, by=alice, kind="correct", text="42")
    data = {"mode": "number", "expect": "preset:Ones"}
    answer = alice_client.post(url("batch_read_again", batch), data, follow=True)
    assert "2 pictures are read again." in answer.content.decode()
    assert "2 pictures wait to be read again." in page_of(alice_client, batch)
    run_waiting_jobs()
    assert "read again." not in page_of(alice_client, batch)
    current = Prediction.objects.filter(is_current=True)
    assert {(row.mode, row.preset_name) for row in current} == {("number", "Ones")}
    assert Prediction.objects.filter(is_current=False).count() == 2
    assert 'value="42"' in page_of(alice_client, batch) and "Preset Ones" in page_of(alice_client, batch)
    assert (usage(alice.pk).pictures, usage(alice.pk).bytes) == count_stored(alice.pk)
    # Files that follow are read in the same way.
    alice_client.post(url("batch_add", batch), {"image": SimpleUploadedFile("9.png", digit_png(9))})
    run_waiting_jobs()
    assert batch.items.get(name="9.png").upload.predictions.get().preset_name == "Ones"


def test_left_as_before_only_what_the_active_model_has_not_read_is_read(alice_client, batch):
    answer = alice_client.post(url("batch_read_again", batch), {"mode": "", "expect": "as-before"}, follow=True)
    assert "has read all of them already" in answer.content.decode()
    assert not Job.objects.filter(kind=Job.Kind.RESCORE).exists()


def test_a_second_click_queues_nothing_twice(alice, alice_client, model, batch):
    older = ModelVersion.objects.create(version="older", digest="0" * 64, card=model.card, state="retired")
    Prediction.objects.update(model=older)
    for _ in range(3):
        data = {"mode": "", "expect": "as-before"}
        answer = alice_client.post(url("batch_read_again", batch), data, follow=True)
        assert "2 pictures are read again." in answer.content.decode()
    assert left_to_do(alice, batch).read_again == 2
    run_waiting_jobs()
    assert Prediction.objects.filter(upload__batch_item__batch=batch).count() == 4


def test_an_account_that_is_being_deleted_queues_nothing(alice, batch):
    request_deletion(alice)
    with pytest.raises(Problem):
        read_batch_again(alice, batch)


def test_a_preset_can_be_taken_away(alice, batch):
    create_preset(owner=alice, name="Ones", mode="number", fields={"values": "1"})
    read_batch_again(alice, batch, preset_name="Ones")
    read_batch_again(alice, batch, preset_name="")
    assert left_to_do(alice, batch).read_again == 2  # what was wanted last counts
    run_waiting_jobs()
    batch.refresh_from_db()
    assert (batch.preset, batch.expected, batch.mode) == (None, None, "digit")
    assert Prediction.objects.filter(upload__batch_item__batch=batch).count() == 4
    assert all(row.expected is None for row in Prediction.objects.filter(is_current=True))


def test_reading_again_respects_the_quota(alice, alice_client, batch, settings):
    settings.QUOTA_BYTES = usage(alice.pk).bytes + 10
    alice_client.post(url("batch_read_again", batch), {"mode": "number", "expect": "as-before"})
    run_waiting_jobs()  # the last ones that find room
    used = usage(alice.pk).bytes
    answer = alice_client.post(url("batch_read_again", batch), {"mode": "digit", "expect": "as-before"})
    assert answer.status_code == 403 and "storage quota is used up" in answer.content.decode()
    with pytest.raises(Problem):
        read_batch_again(alice, batch, mode="digit")
    settings.QUOTA_BYTES *= 10
    read_batch_again(alice, batch, mode="digit")
    settings.QUOTA_BYTES //= 10
    run_waiting_jobs()
    assert usage(alice.pk).bytes == used
    assert "quota" in Job.objects.get(kind=Job.Kind.RESCORE, state="failed").error


@pytest.mark.parametrize("data", [{"mode": "x"}, {"expect": "x"}, {"expect": "preset:Missing"}])
def test_an_unknown_way_is_refused(alice_client, batch, data):
    assert alice_client.post(url("batch_read_again", batch), data).status_code in (400, 404)
    assert not Job.objects.filter(kind=Job.Kind.RESCORE).exists()


def test_a_stranger_reaches_none_of_it(bob_client, batch):
    for name in ("batch_add", "batch_read_again"):
        assert bob_client.post(url(name, batch), {"mode": "", "expect": ""}).status_code == 404
    answer = bob_client.post(reverse("history_bulk"), picks(batch, "7.png") | {"action": "confirm"})
    assert answer.status_code == 302 and not Correction.objects.exists()
