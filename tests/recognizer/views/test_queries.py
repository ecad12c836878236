"""A page asks the database a bounded number of questions, however much there is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from recognizer.drawings import draw_png
from recognizer.services.batches import batches
from recognizer.services.history import corrections
from recognizer.services.reading.predictions import create_prediction

pytestmark = pytest.mark.django_db
MOST = 12


@pytest.fixture
def full(alice, given):
    """A number with corrections, among many answers; it is the newest."""
    number = given("1905", decision="unsure", confidence=0.4)
    for text in "2468":
        corrections.correct(prediction=number, by=alice, kind="correct", text=text * 4)
    corrections.undo(prediction=number, by=alice)
    for _ in range(30):
        given("3", decision="unsure")
    return number


@pytest.mark.parametrize(
    "name", ["desk", "history", "history_statistics", "review", "batches", "account", "about", "password_change"]
)
def test_a_page_asks_at_most_twelve_questions(alice_client, full, name):
    with CaptureQueriesContext(connection) as asked:
        assert alice_client.get(reverse(name)).status_code == 200
    assert len(asked) <= MOST, [query["sql"] for query in asked]


@pytest.mark.parametrize("name", ["upload_detail", "upload_maps"])
def test_the_page_of_a_picture_asks_at_most_twelve_questions(alice_client, full, name):
    alice_client.get(reverse(name, args=[full.upload_id]))  # the first view asks for the maps
    with CaptureQueriesContext(connection) as asked:
        assert alice_client.get(reverse(name, args=[full.upload_id])).status_code == 200
    assert len(asked) <= MOST, [query["sql"] for query in asked]


def test_the_page_of_a_batch_asks_at_most_twelve_questions(alice, alice_client, given):
    batch = batches.create_batch(owner=alice)
    for position in range(20):
        prediction = given("1")
        batch.items.create(position=position, name="1.png", state="done", upload=prediction.upload)
    with CaptureQueriesContext(connection) as asked:
        assert alice_client.get(reverse("batch_detail", args=[batch.pk])).status_code == 200
    assert len(asked) <= MOST, [query["sql"] for query in asked]


@pytest.fixture
def explained(alice, model):
    """One digit of a number that was really read: the network looks at it again."""
    prediction = create_prediction(owner=alice, data=draw_png("1905"), source="drawing", mode="number")
    for _ in range(3):
        create_prediction(owner=alice, data=draw_png("7"), source="drawing", mode="digit")
    return prediction.glyphs.all()[0]


@pytest.mark.parametrize("path", ["network/", "network/conv3/5/", "network/conv3/map.png", "why/"])
def test_the_pages_of_the_explorer_ask_at_most_twelve_questions(alice_client, explained, path):
    with CaptureQueriesContext(connection) as asked:
        assert alice_client.get(f"/glyphs/{explained.pk}/{path}").status_code == 200
    assert len(asked) <= MOST, [query["sql"] for query in asked]


def test_comparing_asks_at_most_twelve_questions(alice_client, explained):
    other = explained.prediction.glyphs.all()[1]
    with CaptureQueriesContext(connection) as asked:
        response = alice_client.get(f"/compare/?a={explained.pk}&b={other.pk}")
    assert response.context["comparison"]
    assert len(asked) <= MOST, [query["sql"] for query in asked]
