"""Filters of the history."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recognizer import filters, selectors
from recognizer.services.history.corrections import correct

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("query", [{"q": "43"}, {"corrected": "yes"}])
def test_filters_do_not_read_the_corrections_of_others(add_prediction, alice, bob, rf, query, monkeypatch):
    monkeypatch.setattr(filters, "MAX_KEYS", 1)
    for _ in range(3):
        correct(prediction=add_prediction("1", owner=bob), by=bob, kind="correct", text="43")
    correct(prediction=add_prediction("1"), by=alice, kind="correct", text="43")
    request = rf.get("/")
    request.user = alice
    with CaptureQueriesContext(connection) as queries:
        found = list(filters.HistoryFilter(query, queryset=selectors.history_for(alice), request=request).qs)
    assert [row.correction_text for row in found] == ["43"]
    condition = re.compile(r'FROM "recognizer_correction"(?: U0)? WHERE \(?(?:U0|"recognizer_correction")\."(\w+)"')
    filtered_by = {column for query in queries for column in condition.findall(query["sql"])}
    assert filtered_by == {"by_id", "upload_id"}
