"""The history: filters, order, pages and statistics."""

import base64
import json
import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from recognizer.models import Batch, Upload
from recognizer.queries import filters, selectors
from recognizer.services.history import corrections, statistics
from recognizer.services.history.bulk_actions import delete_uploads, restore_uploads
from tests.recognizer.views.histories import shown

pytestmark = pytest.mark.django_db


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


def test_the_statistics_of_a_new_account_say_that_there_are_none(alice_client):
    assert "No pictures yet." in alice_client.get(reverse("history_statistics")).content.decode()


def test_statistics_count_corrections(alice, alice_client, add_prediction):
    corrections.correct(prediction=add_prediction("7"), by=alice, kind="confirm")
    corrections.correct(prediction=add_prediction("71"), by=alice, kind="correct", text="11")
    corrections.correct(prediction=add_prediction("", decision="rejected", confidence=0.0), by=alice, kind="confirm")
    numbers = alice_client.get(reverse("history_statistics")).context["statistics"]
    assert (numbers.count, numbers.corrected.part, numbers.right.part, numbers.right.whole) == (3, 1, 2, 3)
    assert [(d.name, d.part, d.whole) for d in numbers.digits if d.whole] == [("1", 1, 2), ("7", 1, 1)]


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
