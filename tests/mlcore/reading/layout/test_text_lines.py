"""Pictures with several lines: all are found, from top to bottom, also on a slanted page."""

import cv2
import numpy as np
import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.files.decode import Picture
from mlcore.reading.layout.text_lines import find_lines
from mlcore.reading.prepared_image import prepare_image
from mlcore.reading.reader import Reader
from mlcore.reading.result import Mode, Reading
from tests.pictures import draw_digit

READER = Reader(load_artifact(SHIPPED))
HEIGHT = 40  # px of a digit


def draw_page(texts: list[str], degrees: float = 0.0, step: float = 1.8) -> np.ndarray:
    """Return the ink of numbers below each other, 0..1, on a page turned by so many degrees."""
    width = max(map(len, texts)) * HEIGHT + 2 * HEIGHT
    ink = np.zeros((round(step * HEIGHT * len(texts)) + 2 * HEIGHT, width), np.float32)
    for row, text in enumerate(texts):
        top = HEIGHT + round(row * step * HEIGHT)
        for place, digit in enumerate(text):
            drawn = np.asarray(draw_digit(int(digit), size=70, seed=row + place).convert("L"), np.float32)
            part = (drawn.max() - drawn) / (drawn.max() - drawn.min())
            ys, xs = np.nonzero(part > 0.1)
            part = part[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
            left = HEIGHT + place * HEIGHT
            place_in = ink[top : top + part.shape[0], left : left + part.shape[1]]
            np.maximum(place_in, part, out=place_in)
    if not degrees:
        return ink
    size = round(1.4 * max(ink.shape))
    matrix = cv2.getRotationMatrix2D((ink.shape[1] / 2, ink.shape[0] / 2), -degrees, 1)
    matrix[:, 2] += ((size - ink.shape[1]) / 2, (size - ink.shape[0]) / 2)
    return cv2.warpAffine(ink, matrix, (size, size))


def read(ink: np.ndarray, mode: Mode) -> Reading:
    pixels = np.repeat(np.rint(255 * (1 - ink)).astype(np.uint8)[:, :, None], 3, axis=2)
    return READER.read_picture(Picture(pixels, "PNG", pixels.shape[1], pixels.shape[0], 1.0), mode)


@pytest.mark.parametrize("count", [2, 3, 10, 40])
def test_all_lines_of_a_page_are_found_from_top_to_bottom(count: int) -> None:
    texts = [str(1000 + 37 * row) for row in range(count)]
    page = find_lines(draw_page(texts), 60)
    tops = [line.box[1] for line in page.lines]
    assert len(tops) == count
    assert tops == sorted(tops)


@pytest.mark.parametrize("degrees", [-15, -10, -5, 5, 10, 15])
def test_a_slanted_page_is_levelled_and_its_boxes_lie_on_the_digits(degrees: float) -> None:
    texts = ["40731", "2958", "61204", "8375"]
    ink = draw_page(texts, degrees)
    answer = read(ink, "lines")
    assert answer.text.split("\n") == texts
    for glyph in answer.glyphs:
        box = glyph.box
        inside = ink[box.y : box.y + box.height, box.x : box.x + box.width]
        assert inside.sum() > 0.5 * box.height  # at least half a stroke


def test_mode_lines_reads_every_line_with_its_own_glyphs() -> None:
    texts = ["27", "4058", "316"]
    answer = read(draw_page(texts), "lines")
    assert answer.text == answer.written == "\n".join(texts)
    assert [line.text for line in answer.lines] == texts
    assert [len(line.glyphs) for line in answer.lines] == [2, 4, 3]
    assert answer.glyphs == tuple(glyph for line in answer.lines for glyph in line.glyphs)


@pytest.mark.parametrize("mode", ["auto", "number"])
def test_other_modes_keep_one_line_and_are_never_sure_where_there_are_several(mode: Mode) -> None:
    for texts in (["12", "34"], ["5550123", "5559876", "5554321"]):
        answer = read(draw_page(texts), mode)
        assert "\n" not in answer.text
        assert (answer.decision, answer.reason) == ("unsure", "several_lines")
        assert {ink.kind for ink in answer.unread} == {"text_line"}


def test_a_picture_of_one_line_looks_the_same_in_mode_lines_as_in_mode_auto() -> None:
    ink = draw_page(["40731"])
    assert read(ink, "lines").text == read(ink, "auto").text == "40731"
    assert len(read(ink, "lines").lines) == 1
    assert read(ink, "lines").decision == "read"


def test_small_digits_of_a_page_are_read_from_all_pixels_of_the_picture() -> None:
    texts = [str(100 + 37 * row) for row in range(24)]
    ink = draw_page(texts, step=1.6)  # digits of 40 px
    ink = cv2.resize(ink, None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA)
    ink = np.pad(ink, ((0, 1600 - ink.shape[0]), (0, 0)))
    pixels = np.repeat(np.rint(255 * (1 - ink)).astype(np.uint8)[:, :, None], 3, axis=2)
    picture = Picture(pixels, "PNG", pixels.shape[1], pixels.shape[0], 1.0)
    assert prepare_image(picture, "auto").scale == 0.8
    assert prepare_image(picture, "lines").scale == 1
    assert len(READER.read_picture(picture, "lines").lines) == len(texts)


def test_small_digits_of_a_full_page_are_not_blurred() -> None:
    """Much ink under uneven light makes the paper seem grainy."""
    rng = np.random.default_rng(15)
    texts = ["".join(map(str, rng.integers(0, 10, int(rng.integers(1, 9))))) for _ in range(40)]
    ink = cv2.resize(draw_page(texts, step=1.6), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    light = np.linspace(1, 0.6, ink.shape[0], dtype=np.float32)[:, None] * np.linspace(1, 0.8, ink.shape[1])
    pixels = np.rint(230 * light * (1 - 0.85 * ink)).astype(np.uint8)[:, :, None].repeat(3, axis=2)
    found = prepare_image(Picture(pixels, "PNG", pixels.shape[1], pixels.shape[0], 1.0), "lines").ink
    assert found is not None
    stroke = cv2.resize(ink, found.strength.shape[::-1], interpolation=cv2.INTER_AREA) > 0.9
    assert found.strength[stroke].mean() > 0.85
