"""Pictures that are cropped to their ink: polarity, paper and ink are found without a margin."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.ink.paper import PAPER_SIDE, average_blocks, find_bare_colour
from mlcore.reading.ink.polarity import is_dark_on_light
from mlcore.reading.reader import Reader
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.sheets import NOISY_SHEET, PLAIN_PHOTO, render_sheet

READER = Reader(load_artifact(SHIPPED))


def cropped(digit: int, seed: int, height: int, margin: int) -> np.ndarray:
    """Return a synthetic digit cropped to its ink, (H, W) uint8, ink is 255."""
    ink = write_digit(digit, np.random.default_rng(seed))
    ys, xs = np.nonzero(ink > 0.1)
    ink = ink[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    size = (max(3, round(ink.shape[1] * height / ink.shape[0])), height)
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    return np.pad(np.rint(255 * small.clip(0, 1)).astype(np.uint8), margin)


def count_right(labels: list[int], crops: list[np.ndarray], *, is_dark: bool) -> int:
    pictures = [cv2.imencode(".png", 255 - crop if is_dark else crop)[1].tobytes() for crop in crops]
    answers = READER.read_many(pictures, "digit")
    return sum(answer.text == str(label) for answer, label in zip(answers, labels, strict=True))


@pytest.mark.parametrize("margin", [0, 1, 2, 4])
@pytest.mark.parametrize("is_dark", [True, False])
def test_cropped_digits_are_read_as_well_as_with_paper_around_them(margin: int, is_dark: bool) -> None:
    labels = [seed % 10 for seed in range(100)]
    crops = [cropped(label, seed, 20 + 3 * (seed % 40), margin) for seed, label in enumerate(labels)]
    with_paper = [np.pad(crop, crop.shape[0]) for crop in crops]
    assert count_right(labels, crops, is_dark=is_dark) >= count_right(labels, with_paper, is_dark=is_dark) - 1


@settings(max_examples=50)
@given(digit=st.integers(0, 9), seed=st.integers(0, 2**32 - 1), height=st.integers(20, 200), margin=st.integers(0, 4))
def test_both_polarities_of_a_crop_give_the_same_answer(digit: int, seed: int, height: int, margin: int) -> None:
    crop = cropped(digit, seed, height, margin)
    dark, bright = (cv2.imencode(".png", picture)[1].tobytes() for picture in (255 - crop, crop))
    assert READER.read(dark, "digit").text == READER.read(bright, "digit").text


@pytest.mark.parametrize("seed", range(20))
def test_lines_along_the_edges_of_a_cell_do_not_invert_the_polarity(seed: int) -> None:
    random = np.random.default_rng(seed)
    ink = np.pad(cropped(int(random.integers(10)), seed, 40, 0), 14).astype(np.float32) / 255
    sheet = render_sheet(ink, random, NOISY_SHEET)
    for side in np.flatnonzero(random.random(4) < 0.6):
        np.rot90(sheet, side)[: int(random.integers(1, 4))] //= 3
    assert is_dark_on_light(average_blocks(sheet, PAPER_SIDE))
    assert not is_dark_on_light(average_blocks(255 - sheet, PAPER_SIDE))


def test_a_photograph_has_no_bare_colour() -> None:
    random = np.random.default_rng(3)
    ink = cropped(3, 3, 80, 0).astype(np.float32) / 255
    assert find_bare_colour(render_sheet(ink, random, PLAIN_PHOTO)) is None


def test_a_shadow_with_a_sharp_edge_is_no_ink_on_a_bare_colour() -> None:
    sheet = np.full((200, 200, 3), 220, np.uint8)
    sheet[60:140, 95:103] = 40
    assert find_bare_colour(sheet) == (220, 220, 220)
    sheet[:, :70] = 120
    assert find_bare_colour(sheet) is None
