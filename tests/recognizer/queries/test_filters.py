"""Filters of the history."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recognizer.queries import filters, selectors
from recognizer.services.history.corrections import correct
from recognizer.services.reading.expected import expect
from recognizer.services.reading.presets import create_preset
from tests.conftest import client_of
from tests.readings import make_reading, store_reading

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("query", [{"q": "43"}, {"corrected": "yes"}])
def test_filters_do_not_read_the_corrections_of_others(add_prediction, alice, bob, query, monkeypatch):
    monkeypatch.setattr(filters, "MAX_KEYS", 1)
    for _ in range(3):
        correct(prediction=add_prediction("1", owner=bob), by=bob, kind="correct", text="43")
    correct(prediction=add_prediction("1"), by=alice, kind="correct", text="43")
    with CaptureQueriesContext(connection) as queries:
        found = list(filters.HistoryFilter(query, queryset=selectors.history_for(alice), user=alice).qs)
    assert [row.correction_written for row in found] == ["43"]
    condition = re.compile(r'FROM "recognizer_correction"(?: U0)? WHERE \(?(?:U0|"recognizer_correction")\."(\w+)"')
    filtered_by = {column for query in queries for column in condition.findall(query["sql"])}
    assert filtered_by == {"by_id", "upload_id"}


def test_predictions_are_found_by_their_preset(alice, alice_client, bob, admin, model):
    presets = [create_preset(owner=alice, name=name, fields={"digits": "4"}) for name in ("Water", "Gas")]
    create_preset(owner=bob, name="Oil", fields={"digits": "4"})
    for preset in (*presets, None):
        store_reading(make_reading("1905"), owner=alice, expected=expect(preset, {}))
    found = alice_client.get("/api/v1/predictions/", {"preset": "Gas"}).json()["results"]
    assert [row["preset"] for row in found] == ["Gas"]
    for unknown in ("Oil", "gas", "Gas\0"):
        answer = alice_client.get("/api/v1/predictions/", {"preset": unknown})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert 'name="preset"' not in client_of(admin).get("/history/").content.decode()
    page = alice_client.get("/history/", {"preset": "Water"}).content.decode()
    assert '<option value="Water" selected>Water</option>' in page and "Oil" not in page


@pytest.mark.parametrize("max_keys", [0, 500])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "12.5"}, {"12.50"}),
        ({"q": "125"}, {"12.50", "1250"}),
        ({"q": "-3"}, {"-34"}),
        ({"q": "9.9"}, {"7"}),  # corrected to 9.9
        ({"text": "12.50"}, {"12.50"}),
        ({"text": "1250"}, {"12.50", "1250"}),
        ({"text": "a"}, set()),
        ({"digit": "5"}, {"12.50", "1250"}),
        ({"digit": "7"}, {"7"}),
    ],
)
def test_numbers_are_found_by_their_digits_and_by_their_signs(query, found, max_keys, alice, model, monkeypatch):
    monkeypatch.setattr(filters, "MAX_KEYS", max_keys)
    for written in ("12.50", "1250", "-34"):
        store_reading(make_reading(written), owner=alice)
    correct(prediction=store_reading(make_reading("7"), owner=alice), by=alice, kind="correct", written="9.9")
    rows = filters.HistoryFilter(query, queryset=selectors.history_for(alice), user=alice).qs
    assert {row.written for row in rows} == found
