"""The result types of the reader: plain values without Django, Keras or ONNX Runtime."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mode = Literal["auto", "digit", "number", "lines"]
Decision = Literal["read", "unsure", "rejected"]
Reason = Literal[
    "no_ink",
    "not_a_digit",
    "too_small",
    "low_contrast",
    "cut_off",
    "too_complex",
    "unread_ink",
    "several_lines",
    "unexpected",
]
UnreadKind = Literal["mark", "sign", "letters", "text_line"]

# `auto` decides between one digit and one line. `lines` reads a picture of one line as `auto` does, and every line of
# other pictures; the other modes keep one line.
MODES: tuple[Mode, ...] = ("auto", "digit", "number", "lines")
DECISIONS: tuple[Decision, ...] = ("read", "unsure", "rejected")
REASONS: tuple[Reason, ...] = (
    "no_ink",
    "not_a_digit",
    "too_small",
    "low_contrast",
    "cut_off",
    "too_complex",
    "unread_ink",
    "several_lines",
    "unexpected",
)
UNREAD_KINDS: tuple[UnreadKind, ...] = ("mark", "sign", "letters", "text_line")
SIGNS: tuple[str, ...] = (".", ",", "'", "-", "+", "/", ":", "%", "$", "€", "£")
MAX_LINES, MAX_GLYPHS = 60, 600  # in one picture


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
class Sign:
    """One sign of a number, such as its decimal point. It is never among the glyphs."""

    box: Box
    sign: str  # one of SIGNS
    confidence: float
    before_glyph: int  # index of the glyph that follows, among the glyphs beside it; their number at the end


@dataclass(frozen=True, slots=True)
class UnreadInk:
    """Ink that the answer does not explain, and that makes the answer unsure."""

    box: Box
    kind: UnreadKind


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the picture that was read. Rejected lines are unread ink instead."""

    box: Box  # the smallest one around its glyphs and signs
    text: str  # digits only, at least one
    written: str  # the digits with the signs
    value: str | None  # a decimal string; see `written.find_value`
    confidence: float  # that the whole line is right
    decision: Decision  # read or unsure
    reason: Reason | None
    glyphs: tuple[Glyph, ...]  # from left to right
    signs: tuple[Sign, ...]  # `before_glyph` counts this line's glyphs


@dataclass(frozen=True, slots=True)
class Reading:
    """The reader's answer for one picture."""

    text: str  # digits only; several lines are joined by line feeds; empty exactly when rejected
    decision: Decision
    reason: Reason | None  # for rejected and unsure answers, where one is known
    confidence: float  # that the whole text is right
    glyphs: tuple[Glyph, ...]  # of all lines in reading order; empty when no ink was found
    model: str  # version
    width: int  # of the original after its EXIF rotation, in pixels
    height: int
    written: str = ""  # the text with its signs; empty exactly when rejected
    value: str | None = None  # of the written form; None where it has several lines
    signs: tuple[Sign, ...] = ()  # of all lines; `before_glyph` counts all glyphs
    unread: tuple[UnreadInk, ...] = ()
    lines: tuple[Line, ...] = ()  # from top to bottom; empty exactly when rejected
