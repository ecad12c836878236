"""The test for strokes: a stroke is darker than both its sides, the edge of a thing only than one."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mlcore.reading.ink.extraction import Ink, find_ink
from mlcore.reading.ink.shade import stroke_share
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.sheets import NOISY_SHEET, PLAIN_PHOTO, render_sheet


def edge(softness: float) -> Ink:
    """Return the ink of the edge between a dark table and a bright sheet."""
    dark = np.zeros((200, 300), np.float32)
    dark[:, 150:] = 1
    sheet = np.uint8(230 - 100 * cv2.GaussianBlur(dark, (0, 0), softness))[..., None] * np.ones(3, np.uint8)
    strength = np.zeros((200, 300), np.float32)
    strength[40:160, 150:175] = 1  # where the paper is taken to be brighter than the table
    paper = np.full_like(sheet, 230)
    paper[:, 280:] = 225
    return Ink(strength, strength, 1, 1.0, 0.4, 0.01, sheet, paper)


@pytest.mark.parametrize("softness", [1, 4, 8])
def test_the_edge_of_a_thing_is_not_a_stroke(softness: float) -> None:
    assert stroke_share(edge(softness)) < 0.5


@pytest.mark.parametrize("paper", [PLAIN_PHOTO, NOISY_SHEET, replace(PLAIN_PHOTO, p_shadow=1.0, p_vignette=1.0)])
def test_digits_in_shadow_are_strokes(paper) -> None:
    rng = np.random.default_rng(3)
    inks = [find_ink(render_sheet(write_digit(digit, rng), rng, paper)) for digit in range(10) for _ in range(4)]
    assert min(stroke_share(ink) for ink in inks) > 0.9


@pytest.mark.parametrize("width", [4, 20, 40])
def test_a_stroke_of_any_width_is_recognised(width: int) -> None:
    sheet = np.tile(np.linspace(180, 240, 300).astype(np.uint8)[None, :, None], (300, 1, 3))
    cv2.circle(sheet, (150, 150), 80, (30, 30, 60), width)
    assert stroke_share(find_ink(sheet)) > 0.9
