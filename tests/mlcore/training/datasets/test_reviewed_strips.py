"""Tests of strips of reviewed numbers."""

import cv2
import numpy as np
import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.engine import Engine
from mlcore.reading.reader import Reader
from mlcore.reading.result import Box
from mlcore.training.datasets.reviewed_strips import NumberPicture, cut_lines, cut_reviewed_strips
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import Spacing, write_line
from mlcore.training.synthesis.sheets import PLAIN_PHOTO, render_sheet


def photograph(*texts: str) -> bytes:
    """Return a PNG file of the numbers, one below the other."""
    rng = np.random.default_rng(3)
    lines = [write_line(text, 48, Spacing(0.2, 0, 0, 0), write_digit, rng, marks=False).ink for text in texts]
    width = max(line.shape[1] for line in lines)
    ink = np.concatenate([np.pad(line, ((30, 30), (0, width - line.shape[1]))) for line in lines])
    return bytes(cv2.imencode(".png", render_sheet(ink, rng, PLAIN_PHOTO)[..., ::-1])[1])


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(load_artifact(SHIPPED))


@pytest.mark.parametrize("mode", ["auto", "number", "lines"])
def test_the_strip_is_the_one_that_the_reader_reads(engine, mode):
    data, seen = photograph("4075"), {}
    reading = Reader(engine.artifact).read(data, mode, lambda name, image: seen.setdefault(name, image))
    ((strip, text),) = cut_lines(NumberPicture(data, mode, "4075", tuple(g.box for g in reading.glyphs)), engine)
    assert np.array_equal(strip, seen["line"])
    assert text == "4075"


def test_a_page_has_a_strip_for_each_line(engine):
    page = photograph("407", "1583")
    strips = cut_reviewed_strips([NumberPicture(page, "lines", "407\n1583")], engine)
    assert strips.texts == ("407", "1583")
    assert strips.widths()[1] > strips.widths()[0]


def test_a_page_with_a_line_that_nobody_told_is_left_out(engine):
    assert cut_lines(NumberPicture(photograph("407", "1583", "26"), "lines", "407\n1583"), engine) == []


@pytest.mark.parametrize(
    "written",
    [
        "7",  # one digit is left to the digit network
        "4*75",  # the network does not know the sign
        "40750407504075040",  # longer than the lines that it learns
        "4075" * 4,  # more digits than the strip has steps for
    ],
)
def test_what_the_line_network_cannot_say_is_left_out(engine, written):
    assert cut_lines(NumberPicture(photograph("40"), "number", written), engine) == []


def test_spaces_are_not_learnt(engine):
    ((_, text),) = cut_lines(NumberPicture(photograph("4075"), "number", "4 075"), engine)
    assert text == "4075"


def test_a_line_elsewhere_than_the_digits_of_the_answer_is_left_out(engine):
    picture = NumberPicture(photograph("4075"), "number", "4075", (Box(0, 0, 4, 4),))
    assert cut_lines(picture, engine) == []


def test_a_damaged_picture_is_left_out(engine):
    assert cut_reviewed_strips([NumberPicture(b"\x89PNG", "number", "4075")], engine) is None
