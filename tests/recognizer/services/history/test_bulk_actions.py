"""Actions on many uploads at once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recognizer.models import Correction
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.history.bulk_actions import correct_predictions
from recognizer.services.history.corrections import undo
from recognizer.services.history.current_corrections import current_correction
from recognizer.services.space.quotas import usage

pytestmark = pytest.mark.django_db


def count_queries(count, add_prediction, alice, **correction) -> int:
    rows = selectors.history_for(alice).filter(pk__in=[add_prediction("71").pk for _ in range(count)])
    with CaptureQueriesContext(connection) as queries:
        assert correct_predictions(rows, by=alice, **correction) == count
    return len(queries)


@pytest.mark.parametrize(
    "correction", [{"kind": "confirm"}, {"kind": "not_a_digit"}, {"kind": "correct", "written": "17"}]
)
def test_correcting_many_takes_as_many_queries_as_correcting_few(add_prediction, alice, correction):
    usage(alice.pk)  # the first picture creates it
    queries_of_many = count_queries(30, add_prediction, alice, **correction)
    assert queries_of_many == count_queries(3, add_prediction, alice, **correction)
    text = {"confirm": "71", "not_a_digit": "", "correct": "17"}[correction["kind"]]
    assert Correction.objects.filter(kind=correction["kind"], text=text).count() == 33


def test_repeating_a_correction_adds_no_rows(add_prediction, alice):
    for text in ("7", "1", "17"):
        add_prediction(text)
    undone = selectors.history_for(alice).get(text="17")
    rows = selectors.history_for(alice)
    for _ in range(2):
        correct_predictions(rows, by=alice, kind="confirm")
    assert Correction.objects.count() == 3
    undo(prediction=undone, by=alice)
    correct_predictions(rows, by=alice, kind="confirm")
    assert current_correction(undone).text == "17"
    assert Correction.objects.count() == 5


def test_an_invalid_correction_changes_no_prediction(add_prediction, alice):
    add_prediction("7"), add_prediction("1")
    with pytest.raises(Problem):
        correct_predictions(selectors.history_for(alice), by=alice, kind="correct", written="seven")
    assert not Correction.objects.exists()
