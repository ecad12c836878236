"""The history: filters, order, pages, bulk actions and statistics."""

import base64
import csv
import io
import json
import re
import uuid
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from recognizer import filters, selectors
from recognizer.models import Batch, Correction, Upload
from recognizer.services.exports.exports import name_picture
from recognizer.services.history import corrections, statistics
from recognizer.services.history.bulk_actions import delete_uploads, restore_uploads
from recognizer.views import history
from tests.recognizer.conftest import PICTURE

pytestmark = pytest.mark.django_db


def shown(client, query: str = "") -> list[str]:
    page = client.get(reverse("history") + query)
    assert page.status_code == 200
    return [prediction.text for prediction in page.context["page"].rows]


def test_an_empty_history_links_to_the_start_page(alice_client, model):
    assert "Read your first picture" in alice_client.get(reverse("history")).content.decode()


def test_the_newest_is_first(alice_client, add_prediction):
    add_prediction("1"), add_prediction("2"), add_prediction("3")
    assert shown(alice_client) == ["1", "2", "3"]
    assert shown(alice_client, "?ordering=given_at") == ["3", "2", "1"]


def test_the_history_can_be_sorted_by_confidence(alice_client, add_prediction):
    add_prediction("1", confidence=0.8), add_prediction("2", confidence=0.5), add_prediction("3", confidence=0.9)
    assert shown(alice_client, "?ordering=confidence") == ["2", "1", "3"]
    assert shown(alice_client, "?ordering=-confidence") == ["3", "1", "2"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=90", ["1905"]),
        ("?q=HOLIDAY", ["7"]),
        ("?q=2026", ["7"]),
        ("?q=nothing", []),
        ("?text=7", ["7"]),
        ("?digit=1", ["1905", "1"]),
        ("?kind=digit", ["7", "1"]),
        ("?kind=number", ["1905"]),
        ("?decision=unsure", ["1"]),
        ("?decision=rejected", [""]),
        ("?source=drawing", ["7"]),
        ("?digit=1&decision=read", ["1905"]),
    ],
)
@pytest.mark.parametrize("most", [0, 500])
def test_filters_work_for_few_and_for_many_matches(alice_client, add_prediction, monkeypatch, query, expected, most):
    monkeypatch.setattr(filters, "MAX_KEYS", most)
    add_prediction("7", name="holiday-2026.jpg", source="drawing")
    add_prediction("1905")
    add_prediction("1", decision="unsure")
    add_prediction("")
    assert shown(alice_client, query) == expected


def test_date_filters_use_the_users_time_zone(alice_client, add_prediction):
    day = timezone.now().replace(year=2026, month=3, day=5, hour=23, minute=30)
    add_prediction("1", at=day), add_prediction("2", at=day - timedelta(days=1))
    assert shown(alice_client, "?since=2026-03-05&until=2026-03-05") == ["1"]
    alice_client.cookies["time_zone"] = "Europe/Berlin"
    assert shown(alice_client, "?since=2026-03-06") == ["1"]
    assert shown(alice_client, "?until=2026-03-05") == ["2"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_date_filters_accept_the_first_and_last_day_of_the_calendar(alice_client, add_prediction, zone):
    add_prediction("1")
    alice_client.cookies["time_zone"] = zone
    assert shown(alice_client, "?since=0001-01-01&until=9999-12-31") == ["1"]
    assert shown(alice_client, "?since=9999-12-31") == shown(alice_client, "?until=0001-01-01") == []


def test_the_history_can_be_filtered_by_corrections(alice, alice_client, add_prediction):
    right, wrong, taken_back = add_prediction("1"), add_prediction("2"), add_prediction("3")
    add_prediction("4")
    corrections.correct(prediction=right, by=alice, kind="confirm")
    corrections.correct(prediction=wrong, by=alice, kind="correct", text="8")
    corrections.correct(prediction=taken_back, by=alice, kind="confirm")
    corrections.undo(prediction=taken_back, by=alice)
    assert shown(alice_client, "?corrected=yes") == ["1", "2"]
    assert shown(alice_client, "?corrected=changed") == ["2"]
    assert shown(alice_client, "?corrected=no") == ["3", "4"]


@pytest.mark.parametrize("most", [0, 500])
def test_search_finds_corrected_texts_but_no_deleted_or_foreign_uploads(
    alice, bob, alice_client, add_prediction, monkeypatch, most
):
    monkeypatch.setattr(filters, "MAX_KEYS", most)
    corrections.correct(prediction=add_prediction("1"), by=alice, kind="correct", text="43")
    deleted = add_prediction("43")
    Upload.objects.filter(pk=deleted.upload_id).update(deleted_at=timezone.now())
    add_prediction("43", owner=bob, name="43.png")
    assert shown(alice_client, "?q=43") == ["1"]
    assert shown(alice_client, "?digit=4") == shown(alice_client, "?kind=number") == []


@pytest.mark.parametrize("query", ["?digit=x", "?since=yesterday", "?ordering=text", "?batch=1", "?model=none"])
def test_an_invalid_filter_gets_an_error(alice_client, add_prediction, query):
    add_prediction("1")
    page = alice_client.get(reverse("history") + query)
    assert page.status_code == 400
    assert 'role="alert"' in page.content.decode()


def cursor_at(moment):
    return base64.urlsafe_b64encode(json.dumps([False, moment, str(uuid.UUID(int=1))]).encode()).decode()


def test_a_cursor_starts_after_its_row(alice_client, add_prediction):
    add_prediction("1")
    page = alice_client.get(reverse("history"), {"cursor": cursor_at("2999-01-01T00:00:00+00:00")})
    assert [row.text for row in page.context["page"].rows] == ["1"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "W10=",
        "bnVsbA==",
        "WzEsICIiLCAiIl0=",
        cursor_at("2999-01-01T00:00:00"),
        cursor_at("0001-01-01T00:00+14:00"),
    ],
)
def test_a_forged_cursor_is_refused(alice_client, add_prediction, cursor):
    assert alice_client.get(reverse("history") + f"?cursor={cursor}").status_code == 400


def test_pages_do_not_shift_when_new_uploads_arrive(alice_client, add_prediction, monkeypatch):
    monkeypatch.setattr("recognizer.services.history.pages.PAGE_SIZE", 2)
    for text in "12345":
        add_prediction(text)
    first = alice_client.get(reverse("history")).context["page"]
    add_prediction("9", at=timezone.now())
    second = alice_client.get(reverse("history"), {"cursor": first.older}).context["page"]
    assert [row.text for row in second.rows] == ["3", "4"]
    third = alice_client.get(reverse("history"), {"cursor": second.older}).context["page"]
    assert ([row.text for row in third.rows], third.older) == (["5"], "")
    back = alice_client.get(reverse("history"), {"cursor": second.newer}).context["page"]
    assert [row.text for row in back.rows] == ["1", "2"]


def test_an_empty_page_links_to_the_first_page(alice_client, add_prediction):
    add_prediction("1")
    cursor = cursor_at("1999-01-01T00:00:00+00:00")
    page = alice_client.get(reverse("history"), {"cursor": cursor, "ordering": "-given_at"}).content.decode()
    assert "This page of the list is empty now." in page
    assert 'href="?ordering=-given_at"' in page
    assert "No pictures yet." not in page


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
    "deleted", ["never", "2026-11-26T08:00:00", "2026-11-26T08:00:00+00:00", "0001-01-01T00:00:00+14:00"]
)
def test_an_invalid_deletion_time_offers_no_undo(alice_client, add_prediction, deleted):
    add_prediction("1")
    page = alice_client.get(reverse("history"), {"deleted": deleted})
    assert page.status_code == 200
    assert "Undo" not in page.content.decode()
    assert alice_client.post(reverse("history_restore"), {"deleted": deleted}).status_code in (302, 400)


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


def test_the_figures_of_the_statistics_are_filters(alice, alice_client, add_prediction):
    corrections.correct(prediction=add_prediction("7"), by=alice, kind="correct", text="1")
    add_prediction("3", decision="unsure"), add_prediction("")
    page = alice_client.get(reverse("history_statistics")).content.decode()
    links = re.findall(r'<a (?:class="small" )?href="([^"]+)">\s*(\d+)</a>', page)
    counted = {link: int(figure) for link, figure in links}
    assert len(counted) == 5
    for link, figure in counted.items():
        assert len(shown(alice_client, link.removeprefix(reverse("history")))) == figure, link


def test_the_statistics_tell_how_many_unsure_answers_wait_for_review(alice, alice_client, add_prediction):
    unsure = [add_prediction(text, decision="unsure") for text in "12"]
    for to_review in ("2 to review", "1 to review", "none to review"):
        page = alice_client.get(reverse("history_statistics")).content.decode()
        assert to_review in page
        assert f'{reverse("history")}?decision=unsure">2</a>' in page
        if unsure:
            corrections.correct(prediction=unsure.pop(), by=alice, kind="confirm")


def test_figures_above_a_filtered_list_say_that_they_are_of_all_pictures(alice_client, add_prediction):
    add_prediction("1"), add_prediction("2", decision="unsure")
    note = "Figures of all pictures, not only of those that match:"
    assert note not in alice_client.get(reverse("history")).content.decode()
    page = alice_client.get(reverse("history") + "?decision=unsure").content.decode()
    assert note in page
    assert "Select 1 result" in page


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


def test_the_statistics_of_a_new_account_say_that_there_are_none(alice_client):
    assert "No pictures yet." in alice_client.get(reverse("history_statistics")).content.decode()


def test_statistics_count_corrections(alice, alice_client, add_prediction):
    corrections.correct(prediction=add_prediction("7"), by=alice, kind="confirm")
    corrections.correct(prediction=add_prediction("71"), by=alice, kind="correct", text="11")
    corrections.correct(prediction=add_prediction("", decision="rejected", confidence=0.0), by=alice, kind="confirm")
    numbers = alice_client.get(reverse("history_statistics")).context["statistics"]
    assert (numbers.count, numbers.corrected.part, numbers.right.part, numbers.right.whole) == (3, 1, 2, 3)
    assert [(d.name, d.part, d.whole) for d in numbers.digits if d.whole] == [("1", 1, 2), ("7", 1, 1)]


def test_checkboxes_are_labelled_with_the_current_text(alice, alice_client, add_prediction):
    corrections.correct(prediction=add_prediction("7"), by=alice, kind="correct", text="1")
    taken_back = add_prediction("4")
    corrections.correct(prediction=taken_back, by=alice, kind="correct", text="9")
    corrections.undo(prediction=taken_back, by=alice)
    add_prediction("")
    page = alice_client.get(reverse("history")).content.decode()
    assert re.findall(r">Select (\S+),", page) == ["1", "4", "–"]


def test_rejected_pictures_do_not_count_for_the_average_confidence(alice_client, add_prediction):
    for text, decision, confidence in (("1", "read", 0.9), ("2", "unsure", 0.5), ("", "rejected", 0.0)):
        add_prediction(text, decision=decision, confidence=confidence)
    assert alice_client.get(reverse("history_statistics")).context["statistics"].confidence == pytest.approx(0.7)


def test_cached_statistics_follow_a_deletion_and_its_undo(alice, alice_client, add_prediction, monkeypatch):
    monkeypatch.setattr(statistics, "SLOW_SECONDS", 0)
    url, deleted = reverse("history_statistics"), add_prediction("7")
    add_prediction("1")
    assert alice_client.get(url).context["statistics"].count == 2
    delete_uploads(alice, [deleted.upload_id])
    assert alice_client.get(url).context["statistics"].count == 1
    restore_uploads(selectors.deleted_uploads_for(alice))
    assert alice_client.get(url).context["statistics"].count == 2


@pytest.mark.parametrize(("slow", "counted"), [(60, [1, 2]), (0, [1, 1])])
def test_statistics_are_cached_only_if_counting_is_slow(alice_client, add_prediction, monkeypatch, slow, counted):
    monkeypatch.setattr(statistics, "SLOW_SECONDS", slow)
    shown = []
    for _ in counted:
        add_prediction("1")
        shown.append(alice_client.get(reverse("history_statistics")).context["statistics"].count)
    assert shown == counted


def test_an_empty_history_shows_neither_filters_nor_statistics(alice_client):
    page = alice_client.get(reverse("history")).content.decode()
    assert "No pictures yet." in page
    assert "Search and filter" not in page
    assert "Statistics" not in page


def test_the_history_of_a_batch_names_it(alice, alice_client, bob_client, add_prediction):
    batch = Batch.objects.create(owner=alice, name="Meters of May")
    batch.items.create(position=0, name="1.png", state="done", upload=add_prediction("1").upload)
    add_prediction("2")
    page = alice_client.get(f"/history/?batch={batch.pk}").content.decode()
    assert "Meters of May" in page and "Show all pictures" in page and 'id="statistics"' not in page
    assert page.count('class="card"') == 1
    assert "Meters of May" not in bob_client.get(f"/history/?batch={batch.pk}").content.decode()


def test_a_list_without_a_match_names_its_filters(alice_client, add_prediction):
    add_prediction("7")
    chosen = {"q": "no-such-name", "digit": "7", "since": "2026-11-05", "decision": "unsure", "ordering": "given_at"}
    page = " ".join(alice_client.get(reverse("history"), chosen).content.decode().split())
    assert "No pictures match: Search “no-such-name”, Digit “7”, Decision “unsure”, From “5 Nov 2026”." in page
