"""Pictures in which there is no digit: rejected in every mode, and never a confident digit."""

import cv2
import numpy as np
import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.decode import Picture
from mlcore.reading.reader import Reader
from mlcore.training.negatives import scribble
from mlcore.training.paper import PLAIN_PHOTO, on_paper
from tests import corpus


@pytest.fixture(scope="module")
def reader():
    return Reader(load_artifact(SHIPPED))


def picture(pixels):
    return Picture(np.ascontiguousarray(pixels, np.uint8), "PNG", pixels.shape[1], pixels.shape[0], 1.0)


def blank(rng):
    return np.full((300, 400, 3), 250)


def black(rng):
    return np.zeros((300, 400, 3))


def noise(rng):
    return rng.integers(0, 256, (300, 400, 3))


def scribbled(rng):
    return on_paper(scribble(rng), rng, PLAIN_PHOTO)


def photograph(rng):
    """A thing on a table: soft shades, no strokes."""
    y, x = np.mgrid[-1:1:300j, -1:1:400j]
    cup = np.hypot(x * 1.2, y) < 0.6
    shade = 150 + 60 * x + 20 * np.sin(6 * y)
    pixels = np.where(cup, 90 + 70 * (x + 0.3), shade)[..., None] * (1.0, 0.9, 0.75)
    return np.clip(cv2.GaussianBlur(pixels, (0, 0), 3) + rng.normal(0, 4, (300, 400, 1)), 0, 255)


def page_of_text(rng):
    sheet = np.full((560, 420, 3), 245, np.uint8)
    words = ["the", "way", "home", "was", "longer", "than", "they", "had", "thought", "when", "the", "rain", "began"]
    for row in range(22):
        text = " ".join(rng.choice(words, 7))
        cv2.putText(sheet, text, (20, 30 + 24 * row), cv2.FONT_HERSHEY_COMPLEX_SMALL, 0.6, (40, 40, 40), 1, cv2.LINE_AA)
    return sheet


NOTHING = (blank, black, noise, photograph, page_of_text)


@pytest.mark.parametrize("mode", ["digit", "number", "auto"])
@pytest.mark.parametrize("draw", NOTHING, ids=lambda draw: draw.__name__)
def test_it_is_rejected(reader, draw, mode):
    reading = reader.read_picture(picture(draw(np.random.default_rng(1))), mode)
    assert (reading.decision, reading.text) == ("rejected", "")


@pytest.mark.parametrize("mode", ["digit", "number", "auto"])
def test_a_qr_code_is_rejected(reader, mode):
    assert reader.read(corpus.qr_code(), mode).decision == "rejected"


@pytest.mark.parametrize("mode", ["digit", "number", "auto"])
def test_scribbles_are_hardly_ever_sure_and_mostly_rejected(reader, mode):
    readings = [reader.read_picture(picture(scribbled(np.random.default_rng(seed))), mode) for seed in range(40)]
    decisions = [reading.decision for reading in readings]
    assert decisions.count("read") <= 1
    assert decisions.count("rejected") >= 32
