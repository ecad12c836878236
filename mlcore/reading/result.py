"""The result types of the reader: plain values without Django, Keras or ONNX Runtime."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mode = Literal["auto", "digit", "number"]
Decision = Literal["read", "unsure", "rejected"]
Reason = Literal["no_ink", "not_a_digit", "too_small", "low_contrast", "cut_off", "too_complex"]

MODES: tuple[Mode, ...] = ("auto", "digit", "number")
DECISIONS: tuple[Decision, ...] = ("read", "unsure", "rejected")
REASONS: tuple[Reason, ...] = ("no_ink", "not_a_digit", "too_small", "low_contrast", "cut_off", "too_complex")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the original's pixels, after its EXIF rotation."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Glyph:
    """One digit found in the picture."""

    box: Box
    digit: int
    confidence: float  # that this is a digit, and this digit: at most probabilities[digit]
    probabilities: tuple[float, ...]  # ten, sum 1
    input: NDArray[np.uint8]  # (28, 28), ink is 255: the input of the network


@dataclass(frozen=True, slots=True)
class Reading:
    """The reader's answer for one picture."""

    text: str  # digits only; empty exactly when rejected
    decision: Decision
    reason: Reason | None  # for rejected and unsure answers, where one is known
    confidence: float  # that the whole text is right
    glyphs: tuple[Glyph, ...]  # in reading order; empty when no ink was found
    model: str  # version
    width: int  # of the original after its EXIF rotation, in pixels
    height: int
