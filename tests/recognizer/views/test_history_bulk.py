"""Bulk actions on the history: what is selected, corrected, deleted and restored, and exported."""

import csv
import io
import json
import re
import zipfile

import pytest
from django.urls import reverse

from recognizer.models import Correction, Upload
from recognizer.services.exports.exports import name_picture
from recognizer.services.history import corrections
from recognizer.views import history
from tests.recognizer.conftest import PICTURE
from tests.recognizer.views.histories import shown

pytestmark = pytest.mark.django_db


def test_deleted_pictures_can_be_restored(alice_client, add_prediction):
    one = add_prediction("1")
    add_prediction("2")
    gone = alice_client.post(reverse("history_bulk"), {"action": "delete", "pick": [str(one.upload_id)]})
    assert shown(alice_client) == ["2"]
    page = alice_client.get(gone.url)
    assert "1 picture deleted." in page.content.decode()
    alice_client.post(reverse("history_restore"), {"deleted": page.context["deleted"]})
    assert shown(alice_client) == ["1", "2"]


@pytest.mark.parametrize(
    ("deleted", "status"),
    [
        ("never", 400),
        ("2026-11-26T08:00:00", 400),
        ("2026-11-26T08:00:00+00:00", 302),
        ("0001-01-01T00:00:00+14:00", 400),
    ],
)
def test_a_time_at_which_nothing_was_deleted_restores_nothing(alice_client, add_prediction, deleted, status):
    one = add_prediction("1")
    alice_client.post(reverse("history_bulk"), {"action": "delete", "pick": [str(one.upload_id)]})
    page = alice_client.get(reverse("history"), {"deleted": deleted})
    assert page.status_code == 200
    assert "Undo" not in page.content.decode()
    assert alice_client.post(reverse("history_restore"), {"deleted": deleted}).status_code == status
    assert Upload.objects.get().deleted_at is not None


def test_another_users_deleted_upload_cannot_be_restored(alice_client, bob_client, add_prediction):
    prediction = add_prediction("1")
    alice_client.post(reverse("history_bulk"), {"action": "delete", "pick": [str(prediction.upload_id)]})
    deleted_at = Upload.objects.get().deleted_at
    assert "deleted." not in bob_client.get(reverse("history"), {"deleted": deleted_at.isoformat()}).content.decode()
    bob_client.post(reverse("history_restore"), {"deleted": deleted_at.isoformat()})
    assert Upload.objects.get().deleted_at == deleted_at


def test_all_filtered_results_can_be_deleted(alice_client, add_prediction):
    add_prediction("1"), add_prediction("2", decision="unsure"), add_prediction("3", decision="unsure")
    alice_client.post(reverse("history_bulk"), {"action": "delete", "all": "1", "query": "decision=unsure"})
    assert shown(alice_client) == ["1"]


def test_deleting_many_pictures_needs_a_confirmation(alice_client, add_prediction, monkeypatch):
    monkeypatch.setattr(history, "MAX_UNCONFIRMED", 2)
    picks = [str(add_prediction(text).upload_id) for text in "123"]
    form = {"action": "delete", "pick": picks, "query": "ordering=confidence"}
    page = alice_client.post(reverse("history_bulk"), form)
    assert "Delete 3 pictures?" in page.content.decode()
    assert not Upload.objects.exclude(deleted_at=None).exists()
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page.content.decode())
    assert [value for name, value in fields if name == "pick"] == picks
    answer = alice_client.post(reverse("history_bulk"), form | {"confirmed": "1"})
    assert answer.url.startswith(f"{reverse('history')}?ordering=confidence&deleted=")
    assert Upload.objects.exclude(deleted_at=None).count() == 3


def test_few_pictures_are_deleted_at_once(alice_client, add_prediction):
    picks = [str(add_prediction(text).upload_id) for text in "12"]
    alice_client.post(reverse("history_bulk"), {"action": "delete", "pick": picks})
    assert Upload.objects.exclude(deleted_at=None).count() == 2


def test_all_results_are_exported_without_choosing_them(alice_client, add_prediction):
    add_prediction("1"), add_prediction("2", decision="unsure")
    page = alice_client.get(reverse("history") + "?decision=unsure").content.decode()
    (form,) = re.findall(r'<form id="export-all".*?</form>', page, re.DOTALL)
    assert page.count('form="export-all" name="action"') == 4
    fields = dict(re.findall(r'<input type="hidden" name="(query|all)" value="([^"]+)">', form))
    answer = alice_client.post(reverse("history_bulk"), fields | {"action": "jsonl"})
    assert [json.loads(line)["text"] for line in b"".join(answer).splitlines()] == ["2"]


def test_the_list_shows_the_number_of_results_to_select(alice_client, add_prediction):
    add_prediction("1"), add_prediction("2")
    page = alice_client.get(reverse("history")).content.decode()
    assert "Select all 2 results" in page
    assert reverse("history_count") not in page


def test_the_number_of_results_on_several_pages_is_loaded_later(alice_client, add_prediction, monkeypatch):
    monkeypatch.setattr("recognizer.services.history.pages.PAGE_SIZE", 2)
    add_prediction("1")
    add_prediction("2", decision="unsure")
    add_prediction("3", decision="unsure")
    add_prediction("4", decision="unsure")
    page = alice_client.get(reverse("history") + "?decision=unsure").content.decode()
    assert f'hx-get="{reverse("history_count")}?decision=unsure"' in page
    count = alice_client.get(reverse("history_count") + "?decision=unsure", headers={"HX-Request": "true"})
    assert count.content.decode().strip() == "Select all 3 results"


def test_a_long_history_is_counted_up_to_a_maximum(alice_client, add_prediction, monkeypatch):
    monkeypatch.setattr(history, "MAX_COUNTED", 1)
    add_prediction("1"), add_prediction("2")
    count = alice_client.get(reverse("history_count"))
    assert count.content.decode().strip() == "Select all results (more than 1)"


def test_several_pictures_can_be_corrected_at_once(alice_client, add_prediction):
    picks = [str(add_prediction(text).upload_id) for text in "127"]
    alice_client.post(reverse("history_bulk"), {"action": "correct", "value": "7", "pick": picks})
    said = Correction.objects.order_by("created_at")
    assert sorted((c.kind, c.text) for c in said) == [("confirm", "7"), ("correct", "7"), ("correct", "7")]


@pytest.mark.parametrize("action", ["confirm", "delete"])
def test_bulk_actions_keep_the_filters(alice_client, add_prediction, action):
    add_prediction("1", decision="unsure")
    filters = "decision=unsure&ordering=confidence&deleted=2026-01-01"
    answer = alice_client.post(reverse("history_bulk"), {"action": action, "all": "1", "query": filters})
    assert answer.url.startswith(f"{reverse('history')}?decision=unsure&ordering=confidence")
    assert "2026-01-01" not in answer.url


def test_a_bulk_action_without_a_selection_gets_an_error(alice_client, add_prediction):
    answer = alice_client.post(reverse("history_bulk"), {"action": "delete"})
    assert answer.status_code == 400
    assert "Select at least one picture." in answer.content.decode()


def test_the_csv_export_escapes_formulas(alice_client, add_prediction):
    add_prediction("7", name='=HYPERLINK("http://evil.example")')
    answer = alice_client.post(reverse("history_bulk"), {"action": "csv", "all": "1"})
    (row,) = csv.DictReader(io.StringIO(b"".join(answer).decode()))
    assert row["file"].startswith("'=")
    assert (row["text"], row["decision"]) == ("7", "read")


def test_the_history_can_be_exported_as_json_lines(alice, alice_client, add_prediction):
    corrections.correct(prediction=add_prediction("7"), by=alice, kind="correct", text="1")
    answer = alice_client.post(reverse("history_bulk"), {"action": "jsonl", "all": "1"})
    (row,) = map(json.loads, b"".join(answer).splitlines())
    assert (row["text"], row["correction"], row["final"], row["corrected_by"]) == ("7", "correct", "1", "alice")


def test_the_zip_export_contains_the_original_files(alice_client, add_prediction):
    prediction = add_prediction("7")
    answer = alice_client.post(reverse("history_bulk"), {"action": "zip", "all": "1"})
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    assert archive.testzip() is None
    assert archive.read(name_picture(prediction.upload)) == PICTURE
    assert str(prediction.upload_id) in archive.read("history.csv").decode()


def test_checkboxes_are_labelled_with_the_current_text(alice, alice_client, add_prediction):
    corrections.correct(prediction=add_prediction("7"), by=alice, kind="correct", text="1")
    taken_back = add_prediction("4")
    corrections.correct(prediction=taken_back, by=alice, kind="correct", text="9")
    corrections.undo(prediction=taken_back, by=alice)
    add_prediction("")
    page = alice_client.get(reverse("history")).content.decode()
    assert re.findall(r">Select (\S+),", page) == ["1", "4", "–"]
