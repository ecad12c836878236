"""What is said of a rejection, of one moment's two statements, and of many pictures at once."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recognizer import filters, selectors
from recognizer.models import Correction, Glyph
from recognizer.problems import Problem
from recognizer.services.exports import exports
from recognizer.services.history.bulk_actions import correct_predictions
from recognizer.services.history.corrections import (
    add_box,
    correct,
    correct_labels,
    current_correction,
    labelled_boxes,
    select_current,
    undo,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def rejected(given):
    """Rejected, though something like a digit was found in it."""
    prediction = given("", decision="rejected")
    Glyph.objects.create(
        prediction=prediction,
        position=0,
        x=1,
        y=2,
        width=3,
        height=4,
        input=bytes(784),
        digit=7,
        confidence=0.2,
        probabilities=[0.1] * 10,
    )
    return prediction


@pytest.mark.parametrize("kind", ["confirm", "not_a_digit"])
def test_who_agrees_to_a_rejection_confirms_that_there_is_no_digit(rejected, alice, kind):
    said = correct(prediction=rejected, by=alice, kind=kind)
    assert (said.kind, said.text) == ("confirm", "")
    assert said.boxes == [{"box": [1, 2, 3, 4], "label": ""}]


def test_what_a_rejected_picture_looks_most_like_is_no_answer(rejected, alice):
    assert [place.label for place in labelled_boxes(rejected, None)] == [""]
    assert correct_labels(prediction=rejected, by=alice, labels=[""]).kind == "confirm"
    assert add_box(prediction=rejected, by=alice, box=(10, 2, 3, 4), label="6").text == "6"


def test_of_one_moment_page_and_lists_take_the_same_statement(given, alice):
    prediction, now = given("7"), timezone.now()
    for number, text in ((2, "2"), (1, "1")):
        said = {"upload": prediction.upload, "prediction": prediction, "by": alice, "created_at": now}
        Correction.objects.create(id=uuid.UUID(int=number), kind="correct", text=text, **said)
    for order in (["id"], ["-id"]):
        assert select_current(prediction.upload.corrections.order_by(*order)).text == "2"
    assert current_correction(prediction).text == selectors.history_for(alice).get().correction_text == "2"


def queries_for(count, given, alice, **said) -> int:
    rows = selectors.history_for(alice).filter(pk__in=[given("71").pk for _ in range(count)])
    with CaptureQueriesContext(connection) as queries:
        assert correct_predictions(rows, by=alice, **said) == count
    return len(queries)


@pytest.mark.parametrize("said", [{"kind": "confirm"}, {"kind": "not_a_digit"}, {"kind": "correct", "text": "17"}])
def test_many_are_corrected_by_as_many_queries_as_few(given, alice, said):
    assert queries_for(30, given, alice, **said) == queries_for(3, given, alice, **said)
    text = {"confirm": "71", "not_a_digit": "", "correct": "17"}[said["kind"]]
    assert Correction.objects.filter(kind=said["kind"], text=text).count() == 33


def test_what_is_said_of_many_again_is_said_once(given, alice):
    for text in ("7", "1", "17"):
        given(text)
    taken_back = selectors.history_for(alice).get(text="17")
    rows = selectors.history_for(alice)
    for _ in range(2):
        correct_predictions(rows, by=alice, kind="confirm")
    assert Correction.objects.count() == 3
    undo(prediction=taken_back, by=alice)
    correct_predictions(rows, by=alice, kind="confirm")
    assert current_correction(taken_back).text == "17"
    assert Correction.objects.count() == 5


def test_many_are_corrected_all_or_none(given, alice):
    given("7"), given("1")
    with pytest.raises(Problem):
        correct_predictions(selectors.history_for(alice), by=alice, kind="correct", text="seven")
    assert not Correction.objects.exists()


@pytest.mark.parametrize("query", [{"q": "43"}, {"corrected": "yes"}])
def test_what_others_said_is_not_looked_at(given, alice, bob, rf, query, monkeypatch):
    monkeypatch.setattr(filters, "MAX_KEYS", 1)
    for _ in range(3):
        correct(prediction=given("1", owner=bob), by=bob, kind="correct", text="43")
    correct(prediction=given("1"), by=alice, kind="correct", text="43")
    request = rf.get("/")
    request.user = alice
    with CaptureQueriesContext(connection) as queries:
        found = list(filters.HistoryFilter(query, queryset=selectors.history_for(alice), request=request).qs)
    assert [row.correction_text for row in found] == ["43"]
    asked = re.compile(r'FROM "recognizer_correction"(?: U0)? WHERE \(?(?:U0|"recognizer_correction")\."(\w+)"')
    narrowed_by = {column for query in queries for column in asked.findall(query["sql"])}
    assert narrowed_by == {"by_id", "upload_id"}


def test_what_was_taken_back_is_not_exported(given, alice):
    prediction = given("7")
    correct(prediction=prediction, by=alice, kind="correct", text="1")
    undo(prediction=prediction, by=alice)
    (row,) = exports.history_rows(selectors.history_for(alice))
    assert (row["correction"], row["correction_text"]) == ("", "")
