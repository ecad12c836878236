"""The numbers page shows every number of a cell, and its address names the cell."""

import re

import numpy as np
import pytest
from django.urls import reverse

from recognizer.services.explaining.explanations import explain_glyph
from recognizer.services.explaining.numbers import open_cell
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


@pytest.fixture
def glyph(alice, model):
    return create_prediction(owner=alice, data=digit_png(7, seed=3), source="upload", mode="digit").glyphs.get()


@pytest.fixture
def explained(glyph):
    return explain_glyph(glyph)


def page(client, *arguments, **query):
    answer = client.get(reverse("numbers", args=arguments), query)
    assert answer.status_code == 200
    return answer.content.decode()


def exact_values(text):
    return [float(value) for value in re.findall(r'<data value="([^"]+)">', text)]


def test_every_step_has_a_page(alice_client, glyph, explained):
    for step in explained.explainer.steps:
        assert f'id="step-{step.name}" ' in page(alice_client, glyph.pk, step.name)


def test_the_page_opens_at_the_strongest_cell(alice_client, glyph, explained):
    maps = explained.outputs["conv3"]
    row, column, channel = np.unravel_index(maps.argmax(), maps.shape)
    text = page(alice_client, glyph.pk, "conv3")
    assert f"conv3, channel {channel}" in text
    assert f'data-row="{row}" data-column="{column}"' in text
    assert maps.max() == pytest.approx(exact_values(text)[0], abs=1e-9)


def test_all_numbers_of_a_convolution_are_on_its_page(alice_client, glyph, explained):
    text = page(alice_client, glyph.pk, "conv2", 5, at="10,12", terms="all")
    cell = open_cell(explained, "conv2", 5, (10, 12)).weighted
    assert cell is not None
    assert text.count('class="grid"') == 3 * 16
    numbers = np.array(exact_values(text))
    normalised = cell.normalised
    chain = [cell.total, cell.bias, cell.biased, normalised.mean, normalised.centred, normalised.deviation]
    chain += [normalised.scaled, normalised.gamma, normalised.stretched, normalised.beta, normalised.result, cell.value]
    for value in [*cell.patch.ravel(), *cell.kernel.ravel(), *cell.products.ravel(), *cell.sums, *chain]:
        assert np.abs(numbers - value).min() < 1e-5


def test_channels_that_are_not_shown_are_summed(alice_client, glyph, explained):
    text = page(alice_client, glyph.pk, "conv6", 5)
    assert text.count('class="grid"') == 3 * 8
    assert "72 other channels" in text
    cell = open_cell(explained, "conv6", 5)
    terms = cell.terms()
    assert sum(term.amount for term in terms) + cell.others(terms)[1] == pytest.approx(cell.weighted.total)


def test_the_last_step_adds_eighty_products_and_ends_at_the_probabilities(alice_client, glyph, explained):
    first, text = page(alice_client, glyph.pk, "logits"), page(alice_client, glyph.pk, "logits", terms="all")
    assert f"The score of {glyph.digit}" in text
    assert [len(re.findall(r'id="term-\d+"', shown)) for shown in (first, text)] == [16, 80]
    cell = open_cell(explained, "logits", glyph.digit)
    shown = cell.summed_terms()
    assert f"{len(cell.summed_terms(None)) - len(shown)} others" in first
    assert shown[-1].sum + cell.others(shown)[1] == pytest.approx(cell.weighted.total)
    last = cell.summed_terms(None)[-1]
    for term in cell.summed_terms(None):
        assert np.abs(np.array(exact_values(text)) - term.value * term.weight).min() < 1e-5
    assert last.sum + cell.weighted.bias == pytest.approx(cell.value)
    probabilities = [row.probability for row in cell.softmax.rows]
    assert probabilities == pytest.approx(glyph.probabilities, abs=1e-5)
    last = page(alice_client, glyph.pk, "logits", 10)
    assert "The score of “not a digit”" in last
    assert "Digit 9" in last


def test_the_first_step_marks_its_window_in_the_input(alice_client, glyph):
    text = page(alice_client, glyph.pk, "conv1", 5, at="10,12")
    assert '<svg class="cells numbers-source" viewBox="0 0 28 28"' in text
    assert 'x="11" y="9" width="3" height="3"' in text


def test_a_pooling_names_the_largest_cell_of_its_window(alice_client, glyph, explained):
    text = page(alice_client, glyph.pk, "pool1", 3, at="4,5")
    window = explained.outputs["conv2"][8:10, 10:12, 3]
    assert text.count('class="grid"') == 1
    assert exact_values(text)[-1] == pytest.approx(window.max(), abs=1e-9)


@pytest.mark.parametrize("path", ["conv9/", "conv1/999/", "logits/11/", "input/"])
def test_unknown_steps_and_channels_get_404(alice_client, glyph, path):
    assert alice_client.get(reverse("numbers", args=[glyph.pk]) + path).status_code == 404


@pytest.mark.parametrize("at", ["99,99", "-1,0", "a,b", "", "1", "0,1e9"])
def test_an_invalid_cell_opens_the_strongest_one(alice_client, glyph, at):
    opened, strongest = page(alice_client, glyph.pk, "conv1", 3, at=at), page(alice_client, glyph.pk, "conv1", 3)
    assert exact_values(opened) == exact_values(strongest)


def test_another_users_digit_gets_404(bob_client, glyph):
    assert bob_client.get(reverse("numbers", args=[glyph.pk])).status_code == 404


@pytest.mark.slow
def test_classic_has_pages_too(alice_client, glyph, classic, model):
    from recognizer.services.registry.model_versions import register_model

    register_model(classic.folder)
    for step in ("conv2", "pool2", "dense", "logits"):
        text = page(alice_client, glyph.pk, step, model="classic-0")
        assert "minus the mean" not in text  # this architecture does not normalise
        assert "?model=classic-0" in text
    assert page(alice_client, glyph.pk, "dense", 0, model="classic-0", terms="all").count('class="grid"') == 3 * 64
