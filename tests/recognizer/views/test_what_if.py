"""What-if answers: the changed digit is read, a repair changes the answer, and nothing is stored."""

import base64
import re

import numpy as np
import pytest
from django.urls import reverse

from recognizer.models import Glyph, Prediction
from recognizer.services.explaining.explanations import explain_glyph
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


@pytest.fixture
def glyph(alice, model):
    return create_prediction(owner=alice, data=digit_png(7, seed=3), source="upload", mode="digit").glyphs.get()


@pytest.fixture
def explained(glyph):
    return explain_glyph(glyph)


def encode(image):
    return base64.b64encode(np.ascontiguousarray(image).tobytes()).decode()


def cells_of(answer):
    text = re.search(r'data-cells="([^"]+)"', answer.content.decode())[1]
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(28, 28)


def ask(client, glyph, cells):
    return client.post(reverse("what_if_answer", args=[glyph.pk]), {"cells": cells})


def repair(client, glyph, **data):
    return client.post(reverse("what_if_repair", args=[glyph.pk]), data)


def test_the_page_shows_the_answer_before_any_change(alice_client, glyph):
    page = alice_client.get(reverse("what_if", args=[glyph.pk])).content.decode()
    assert "Nothing is changed yet." in page
    assert page.count('class="figure">') >= 20


def test_the_changed_digit_is_read(alice_client, glyph, explained):
    changed = explained.image.copy()
    changed[:, :14] = 0
    answer = ask(alice_client, glyph, encode(changed))
    assert answer.status_code == 200
    (probabilities,) = explained.explainer.engine.classify(changed[np.newaxis]).probabilities
    assert f'data-digit="{probabilities.argmax()}"' in answer.content.decode()
    assert "Ink removed:" in answer.content.decode()
    assert (cells_of(answer) == changed).all()


def test_a_repair_changes_the_answer(alice_client, glyph, explained):
    answer = repair(alice_client, glyph, to="1", cells=encode(explained.image), part="1")
    assert 'data-digit="1"' in answer.content.decode()
    assert "This change makes it a 1." in answer.content.decode()
    again = ask(alice_client, glyph, encode(cells_of(answer)))
    assert 'data-digit="1"' in again.content.decode()


def test_a_repair_works_without_script(alice_client, glyph):
    answer = repair(alice_client, glyph, to="1")
    assert "<html" in answer.content.decode()
    assert 'data-digit="1"' in answer.content.decode()


def test_the_cells_that_a_change_touched_are_outlined(alice_client, glyph, explained):
    changed = explained.image.copy()
    changed[2, 3] = 255
    answer = ask(alice_client, glyph, encode(changed)).content.decode()
    assert "mark-removed" not in answer
    paths = re.findall(r'class="mark mark-added" d="([^"]+)"', answer)
    assert len(paths) == 2  # before and after
    assert sorted(re.findall("M[^M]+", paths[0])) == ["M3 2h1", "M3 2v1", "M3 3h1", "M4 2v1"]
    assert "Ink added: 1 cell" in answer
    assert 'class="mark' not in ask(alice_client, glyph, encode(explained.image)).content.decode()


def test_the_reasons_lead_to_the_smallest_change_that_makes_it_the_second_answer(alice_client, glyph, explained):
    second = explained.explain().answers[1]
    page = alice_client.get(reverse("why", args=[glyph.pk])).content.decode()
    address = re.search(rf'href="([^"]+)">See the smallest change that makes it a {second}<', page)[1]
    shown = alice_client.get(address).content.decode()
    assert f'<option value="{second}" selected>' in shown
    assert f'data-digit="{second}"' in shown
    assert f"This change makes it a {second}." in shown
    assert alice_client.get(reverse("what_if", args=[glyph.pk]), {"to": "10"}).status_code == 400


@pytest.mark.parametrize("cells", ["", "x", "AAAA", "é" * 20, encode(np.zeros(785, np.uint8)), "A" * 3000])
def test_damaged_cells_are_refused(alice_client, glyph, cells):
    answer = ask(alice_client, glyph, cells)
    assert answer.status_code == 400
    assert "notice" in answer.content.decode()


@pytest.mark.parametrize("to", ["", "10", "-1", "seven"])
def test_a_wrong_digit_is_refused(alice_client, glyph, to):
    answer = repair(alice_client, glyph, to=to, part="1")
    assert answer.status_code == 400
    assert "Choose a digit from 0 to 9." in answer.content.decode()
    assert repair(alice_client, glyph, to=to).status_code == 400


def test_blank_and_full_cells_get_an_answer(alice_client, glyph):
    for value in (0, 255):
        assert ask(alice_client, glyph, encode(np.full((28, 28), value, np.uint8))).status_code == 200


def test_nothing_is_stored(alice_client, glyph, explained):
    before = Prediction.objects.count(), bytes(Glyph.objects.get(pk=glyph.pk).input)
    ask(alice_client, glyph, encode(255 - explained.image))
    repair(alice_client, glyph, to="1")
    assert (Prediction.objects.count(), bytes(Glyph.objects.get(pk=glyph.pk).input)) == before


def test_another_users_digit_gets_404(bob_client, glyph, explained):
    assert bob_client.get(reverse("what_if", args=[glyph.pk])).status_code == 404
    assert ask(bob_client, glyph, encode(explained.image)).status_code == 404
    assert repair(bob_client, glyph, to="1").status_code == 404


def test_answers_are_paid_from_the_previews_budget(alice_client, glyph, explained, settings):
    assert ask(alice_client, glyph, encode(explained.image)).status_code == 200
    settings.PREVIEWS_PER_USER = 1
    refused = ask(alice_client, glyph, encode(explained.image))
    assert (refused.status_code, "Retry-After" in refused) == (429, True)
