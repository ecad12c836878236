"""Borders, frames and strips along the edges are removed; strokes along the edges are kept."""

import cv2
import numpy as np
import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.files.decode import Picture
from mlcore.reading.ink.extraction import find_ink
from mlcore.reading.ink.frame import remove_frame
from mlcore.reading.reader import Reader
from mlcore.training.synthesis.sheets import NOISY_SHEET, render_sheet
from tests.pictures import draw_digit

READER = Reader(load_artifact(SHIPPED))


def sheet(seed: int) -> np.ndarray:
    """Return a photographed sheet with a digit, (H, W, 3)."""
    drawn = np.asarray(draw_digit(seed % 10, size=120, seed=seed).convert("L"), np.float32)
    ink = (drawn.max() - drawn) / (drawn.max() - drawn.min())
    return render_sheet(ink, np.random.default_rng(seed), NOISY_SHEET)


def read(pixels: np.ndarray) -> str:
    height, width = pixels.shape[:2]
    return READER.read_picture(Picture(np.ascontiguousarray(pixels), "PNG", width, height, 1.0), "digit").text


def add_frame(pixels: np.ndarray, thickness: int, level: int) -> np.ndarray:
    return np.pad(pixels, ((thickness,) * 2, (thickness,) * 2, (0, 0)), constant_values=level)


def add_strip(pixels: np.ndarray, side: int, thickness: int, level: int) -> np.ndarray:
    turned = np.rot90(pixels, side)
    strip = np.full((thickness, turned.shape[1], 3), level, np.uint8)
    return np.rot90(np.concatenate([strip, turned]), -side)


@pytest.mark.parametrize("thickness", [3, 12, 30])
def test_a_black_frame_does_not_hide_what_is_inside(thickness: int) -> None:
    wrong = [seed for seed in range(10) if read(add_frame(sheet(seed), thickness, 10)) != read(sheet(seed))]
    assert len(wrong) <= 1


@pytest.mark.parametrize("side", range(4))
def test_a_dark_strip_at_an_edge_does_not_hide_the_ink(side: int) -> None:
    wrong = [seed for seed in range(10) if read(add_strip(sheet(seed), side, 24, 50)) != read(sheet(seed))]
    assert len(wrong) <= 1


def test_a_picture_without_a_frame_is_returned_as_it_is() -> None:
    for seed in range(10):
        pixels = sheet(seed)
        assert remove_frame(pixels) is pixels


@pytest.mark.parametrize("digits", ["17", "71", "11", "1"])
def test_a_1_along_the_edge_of_a_number_cropped_to_its_ink_is_kept(digits: str) -> None:
    canvas = np.full((44, 30 * len(digits), 3), 255, np.uint8)
    for place, digit in enumerate(digits):
        left = 30 * place
        points = [(left + 2, 2), (left + 2, 42)] if digit == "1" else [(left + 4, 2), (left + 26, 2), (left + 10, 42)]
        cv2.polylines(canvas, [np.array(points, np.int32)], False, (0, 0, 0), 4)
    dark = np.flatnonzero((canvas < 128).any(axis=(0, 2)))
    cropped = canvas[:, dark[0] : dark[-1] + 1]
    assert remove_frame(cropped) is cropped


def test_the_bar_of_a_7_along_the_edge_is_kept() -> None:
    canvas = np.full((40, 30, 3), 255, np.uint8)
    cv2.polylines(canvas, [np.array([(0, 2), (28, 2), (10, 40)], np.int32)], False, (0, 0, 0), 4)
    assert remove_frame(canvas) is canvas


@pytest.mark.parametrize("place", [(60, 40), (60, 160), (140, 100)])
def test_a_speck_beside_a_thin_upright_1_does_not_make_it_a_dash(place: tuple[int, int]) -> None:
    canvas = np.full((200, 200, 3), 255, np.uint8)
    cv2.line(canvas, (100, 40), (100, 160), (20, 20, 20), 6)
    alone = find_ink(canvas).strength
    cv2.circle(canvas, place, 2, (20, 20, 20), -1)
    found = find_ink(canvas).strength
    assert float(found.sum()) == pytest.approx(float(alone.sum()), rel=0.02)
