"""The number of database queries per page is bounded, however many rows there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from recognizer.figures.drawings import draw_png
from recognizer.services.batches import intake
from recognizer.services.history import corrections
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.presets import create_preset
from recognizer.services.space import quotas

pytestmark = pytest.mark.django_db
MAX_QUERIES = 11


@pytest.fixture
def number_among_many(alice, add_prediction):
    """Return the newest prediction, a number with corrections, among many others."""
    number = add_prediction("1905", decision="unsure", confidence=0.4)
    for text in "2468":
        corrections.correct(prediction=number, by=alice, kind="correct", text=text * 4)
    corrections.undo(prediction=number, by=alice)
    for _ in range(30):
        add_prediction("3", decision="unsure")
    quotas.usage(alice.pk)  # counted once for each account, with its first picture
    return number


@pytest.mark.parametrize(
    "name",
    [
        "desk",
        "history",
        "history_statistics",
        "quality",
        "quality_labels",
        "review",
        "review_alike",
        "batches",
        "notices",
        "account",
        "presets",
        "preset_create",
        "api:quality",
        "about",
        "password_change",
    ],
)
def test_a_page_makes_under_twelve_queries(alice_client, number_among_many, name):
    with CaptureQueriesContext(connection) as queries:
        assert alice_client.get(reverse(name)).status_code == 200
    assert len(queries) <= MAX_QUERIES, [query["sql"] for query in queries]


def test_the_page_of_a_preset_makes_under_twelve_queries(alice, alice_client):
    preset = create_preset(owner=alice, name="Water meter", mode="number", fields={"digits": "5"})
    with CaptureQueriesContext(connection) as queries:
        assert alice_client.get(reverse("preset_edit", args=[preset.pk])).status_code == 200
    assert len(queries) <= MAX_QUERIES, [query["sql"] for query in queries]


def test_the_review_of_a_batch_makes_under_twelve_queries(alice, alice_client, number_among_many):
    batch = intake.create_batch(owner=alice)
    batch.items.create(position=0, name="1.png", state="done", upload=number_among_many.upload)
    with CaptureQueriesContext(connection) as queries:
        assert alice_client.get(reverse("review"), {"batch": str(batch.pk)}).status_code == 200
    assert len(queries) <= MAX_QUERIES, [query["sql"] for query in queries]


@pytest.mark.parametrize("name", ["upload_detail", "upload_maps"])
def test_the_page_of_a_picture_makes_under_twelve_queries(alice_client, number_among_many, name):
    alice_client.get(reverse(name, args=[number_among_many.upload_id]))  # the first view asks for the maps
    with CaptureQueriesContext(connection) as queries:
        assert alice_client.get(reverse(name, args=[number_among_many.upload_id])).status_code == 200
    assert len(queries) <= MAX_QUERIES, [query["sql"] for query in queries]


@pytest.mark.parametrize("query", ["", "?ordering=certainty&shown=open&q=1"])
def test_the_page_of_a_batch_makes_under_twelve_queries(alice, alice_client, add_prediction, query):
    batch = intake.create_batch(owner=alice)
    for position in range(20):
        prediction = add_prediction("1")
        batch.items.create(position=position, name="1.png", state="done", upload=prediction.upload)
    batch.items.create(position=20, name="1.txt", state="failed", error_code="unsupported_format")
    with CaptureQueriesContext(connection) as queries:
        page = alice_client.get(reverse("batch_detail", args=[batch.pk]) + query)
    assert page.status_code == 200 and b">1.png</a>" in page.content
    assert len(queries) <= MAX_QUERIES, [query["sql"] for query in queries]


@pytest.fixture
def explained_glyph(alice, model):
    """Return a digit of a number that the model has read."""
    prediction = create_prediction(owner=alice, data=draw_png("1905"), source="drawing", mode="number")
    for _ in range(3):
        create_prediction(owner=alice, data=draw_png("7"), source="drawing", mode="digit")
    return prediction.glyphs.all()[0]


@pytest.mark.parametrize("path", ["network/", "network/conv3/5/", "network/conv3/map.png", "why/"])
def test_the_explorer_pages_make_under_twelve_queries(alice_client, explained_glyph, path):
    with CaptureQueriesContext(connection) as queries:
        assert alice_client.get(f"/glyphs/{explained_glyph.pk}/{path}").status_code == 200
    assert len(queries) <= MAX_QUERIES, [query["sql"] for query in queries]


def test_the_comparison_makes_under_twelve_queries(alice_client, explained_glyph):
    other = explained_glyph.prediction.glyphs.all()[1]
    with CaptureQueriesContext(connection) as queries:
        response = alice_client.get(f"/compare/?a={explained_glyph.pk}&b={other.pk}")
    assert response.context["comparison"]
    assert len(queries) <= MAX_QUERIES, [query["sql"] for query in queries]
