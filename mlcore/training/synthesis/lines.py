"""Synthetic handwritten numbers: digits in a row, touching or apart, with dots, dashes and signs between."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.reading.written import write_number
from mlcore.training.synthesis.alphabet import LETTERS
from mlcore.training.synthesis.negatives import (
    DrawDigit,
    draw_block,
    draw_scribble,
    draw_texture,
    trim,
    write_letter,
    write_sign,
)
from mlcore.training.synthesis.pen import Hand, random_hand
from mlcore.training.synthesis.signs import DrawnSign, draw_sign

Floats = NDArray[np.float32]

LEADING = ("hash", "star", "double dash")
TRAILING = ("double dash", "star", "hash")
SMALL_ZEROS_SHARE = 0.3  # share of the hands that write the zeros of a round number smaller
JOINED_TEN_SHARE = 0.08  # share of the hands that join a 1 to the 0 that follows it

Box = tuple[int, int, int, int]  # x, y, width, height


@dataclass(frozen=True)
class WrittenSign:
    """A sign of a line and its place among the digits."""

    sign: str
    before_glyph: int  # index of the digit that follows; the number of digits at the end
    box: Box


@dataclass(frozen=True)
class TextLine:
    """The ink of a written number, its text and the box of every digit and sign."""

    ink: Floats  # (H, W) 0..1
    text: str  # digits only
    boxes: tuple[Box, ...]  # of every digit
    height: int  # of a digit, in pixels
    signs: tuple[WrittenSign, ...] = ()  # from left to right

    @property
    def written(self) -> str:
        return write_number(self.text, self.signs)


@dataclass(frozen=True)
class Spacing:
    """The way a writer sets digits in a row, in heights of a digit."""

    gap: float  # between neighbours; negative where they overlap
    gap_spread: float
    rise: float  # deviation of digits from the line, up or down
    sizes: float  # variation of the digits' heights


@dataclass(frozen=True)
class ZeroStyle:
    """The way a writer writes the zeros after a first digit."""

    size: float = 1.0  # in heights of a digit
    stretch: float = 1.0  # relative to the width of other digits
    low: bool = False  # at the foot of the line instead of its middle
    joined: bool = False  # written without lifting the pen


def random_zero_style(rng: np.random.Generator) -> ZeroStyle:
    if rng.random() >= SMALL_ZEROS_SHARE:
        return ZeroStyle(joined=bool(rng.random() < 0.1))
    return ZeroStyle(rng.uniform(0.4, 0.9), rng.uniform(1, 1.8), bool(rng.random() < 0.5), bool(rng.random() < 0.4))


def random_spacing(rng: np.random.Generator) -> Spacing:
    gap = rng.choice([rng.uniform(-0.12, 0.05), rng.uniform(0.0, 0.25), rng.uniform(0.2, 0.9)], p=[0.4, 0.45, 0.15])
    return Spacing(float(gap), float(rng.uniform(0, 0.12)), float(rng.uniform(0, 0.12)), float(rng.uniform(0, 0.15)))


def write_line(
    written: str, height: int, spacing: Spacing, draw_digit: DrawDigit, rng: np.random.Generator, *, marks: bool = True
) -> TextLine:
    """Write a number in digits of `height` pixels; a space in `written` is a wide gap.

    `marks` adds what is no part of the number: other signs, letters, and strokes between and under digits.
    """
    hand = random_hand(rng, float(height))
    row = _Row(height)
    if marks and rng.random() < 0.06:
        row.put(write_sign(str(rng.choice(LEADING)), rng, hand), 0.0, rng.uniform(0.02, 0.4))
    elif marks and rng.random() < 0.06:
        _write_letters(row, int(rng.integers(1, 4)), hand, rng)
        row.skip(rng.uniform(0.1, 0.5))
    zero_style, usual_style = random_zero_style(rng), ZeroStyle()
    is_after_sign = False
    for character in written:
        if character == " ":
            row.skip(rng.uniform(0.35, 0.8))
            continue
        if not character.isdigit():
            gap = rng.uniform(-0.03, 0.22) if row.boxes else 0.0
            row.put_sign(character, draw_sign(character, hand, rng), gap)
            is_after_sign = True
            continue
        style = zero_style if row.boxes and character == "0" else usual_style
        digit_height = max(6, round(height * style.size * (1 + rng.normal(0, spacing.sizes / 2))))
        gap = spacing.gap + rng.normal(0, spacing.gap_spread) if row.boxes else 0.0
        if is_after_sign:
            gap = rng.uniform(-0.02, 0.25)
        offset = rng.normal(0, spacing.rise / 2) + ((1 - style.size) / 2 if style.low else 0.0)
        row.put_digit(_fit_height(draw_digit(int(character), rng), digit_height, rng, style.stretch), offset, gap)
        is_after_sign = False
    if marks and rng.random() < 0.12:
        _write_tail(row, rng)
    _join_digits(row, written, hand.pen, zero_style, rng, marks=marks)
    if marks and rng.random() < 0.08:
        row.underline(hand.pen, rng)
    return row.line("".join(character for character in written if character.isdigit()))


def _join_digits(
    row: "_Row", written: str, pen: float, zero_style: ZeroStyle, rng: np.random.Generator, *, marks: bool
) -> None:
    """Join neighbouring digits as some hands do: any of them, zeros, or a 1 and the 0 that follows."""
    pairs: list[tuple[int, str]] = []  # the place of each digit that follows another one directly, and both
    place = 0
    for before, after in pairwise(written):
        place += before.isdigit()
        if before.isdigit() and after.isdigit():
            pairs.append((place, before + after))
    if marks and rng.random() < 0.12:
        row.join([place for place, _ in pairs], pen, rng)
    elif zero_style.joined:
        row.join([place for place, both in pairs if place > 1 and both == "00"], pen, rng)
    if marks and rng.random() < JOINED_TEN_SHARE:
        for place in [place for place, both in pairs if both == "10"]:
            row.join_at_foot(place, pen, rng)


def cut_short(line: TextLine, rng: np.random.Generator) -> TextLine:
    """Cut off a little at random sides, as the edge of a form's field does.

    A sign of which hardly anything remains is no longer part of the number. A line that would lose about half of a
    sign comes back whole, because nobody could tell what it was.
    """
    height, width = line.ink.shape
    shares = rng.uniform(0, 0.16, 4) * (rng.random(4) < 0.4)
    quarters = np.array([height, height, width, width]) / 4  # the limit: a lone 1 is narrow
    sides = np.minimum(line.height * shares, quarters)
    top, bottom, left, right = sides.astype(int).tolist()
    ink = line.ink[top : height - bottom, left : width - right]

    def cut(box: Box) -> Box:
        x, y, w, h = box
        x0, y0 = max(0, x - left), max(0, y - top)
        return x0, y0, min(x - left + w, ink.shape[1]) - x0, min(y - top + h, ink.shape[0]) - y0

    signs = []
    for sign in line.signs:
        x, y, w, h = cut(sign.box)
        remaining = max(w, 0) * max(h, 0) / (sign.box[2] * sign.box[3])
        if 0.1 < remaining < 0.7:
            return line
        if remaining >= 0.7:
            signs.append(replace(sign, box=(x, y, w, h)))
    return TextLine(ink, line.text, tuple(map(cut, line.boxes)), line.height, tuple(signs))


def write_no_number(height: int, rng: np.random.Generator) -> TextLine:
    """Write a line without digits: a word, scribbles or stains."""
    row = _Row(height)
    kind = rng.random()
    if kind < 0.7:
        _write_letters(row, int(rng.integers(1, 9)), random_hand(rng, float(height)), rng)
    else:
        for _ in range(int(rng.integers(1, 4))):
            draw = draw_scribble if kind < 0.85 else draw_texture if kind < 0.95 else draw_block
            row.put(_fit_height(draw(rng), height, rng), 0.0, rng.uniform(0, 0.5))
    return row.line("")


def _write_letters(row: "_Row", count: int, hand: Hand, rng: np.random.Generator) -> None:
    names = [name for name in LETTERS if name.isupper()] if rng.random() < 0.4 else list(LETTERS)
    for _ in range(count):
        row.put(write_letter(str(rng.choice(names)), rng, hand), 0.0, rng.uniform(-0.05, 0.2))


def _write_tail(row: "_Row", rng: np.random.Generator) -> None:
    """Write marks that close a number and are no part of it, such as a double dash or a star."""
    sign = write_sign(str(rng.choice(TRAILING)), rng, random_hand(rng, float(row.height)))
    shrunk = _fit_height(sign, max(3, round(sign.shape[0] * rng.uniform(0.4, 1))), rng)
    row.put(shrunk, rng.uniform(-0.15, 0.35), rng.uniform(-0.03, 0.3), small=True)


class _Row:
    """Ink that grows to the right.

    Offsets are in fractions of a digit's height; 0 is the middle of the line.
    """

    def __init__(self, height: int) -> None:
        self.height = height
        self.middle = 2 * height
        self.ink = np.zeros((4 * height, height), np.float32)
        self.edge = height // 2  # right edge of the last mark
        self.boxes: list[Box] = []
        self.signs: list[WrittenSign] = []

    def skip(self, gap: float) -> None:
        self.edge += round(gap * self.height)

    def put(self, mark: Floats, offset: float, gap: float, *, small: bool = False) -> Box:
        """Add a mark `offset` below the middle, `gap` after the last one, and return its box.

        After a small mark the next one may start further left than the mark ends.
        """
        mark = trim(mark)
        height, width = mark.shape
        left = max(0, self.edge + round(gap * self.height))
        top = self.middle + round(offset * self.height) - (height // 2)
        top = int(np.clip(top, 0, self.ink.shape[0] - height))
        missing = left + width + self.height - self.ink.shape[1]
        if missing > 0:
            self.ink = np.pad(self.ink, ((0, 0), (0, missing + 4 * self.height)))
        place = self.ink[top : top + height, left : left + width]
        np.maximum(place, mark, out=place)
        self.edge = max(self.edge, left + width) if small else left + width
        return left, top, width, height

    def put_digit(self, digit: Floats, offset: float, gap: float) -> None:
        self.boxes.append(self.put(digit, offset, gap))

    def put_sign(self, sign: str, drawn: DrawnSign, gap: float) -> None:
        box = self.put(drawn.ink, drawn.offset, gap, small=drawn.is_small)
        self.signs.append(WrittenSign(sign, len(self.boxes), box))

    def join(self, places: Iterable[int], pen: float, rng: np.random.Generator) -> None:
        """Draw strokes from the digits before to the digits at `places`, half the time each, as fast writers do."""
        for place in places:
            (x0, y0, w0, h0), (x1, y1, w1, h1) = self.boxes[place - 1 : place + 1]
            if rng.random() < 0.5:
                at = rng.uniform(0, 1) if rng.random() < 0.5 else rng.uniform(0, 0.25)
                start = (x0 + w0 * rng.uniform(0.6, 0.95), y0 + h0 * at)
                end = (x1 + w1 * rng.uniform(0.05, 0.4), y1 + h1 * np.clip(at + rng.normal(0, 0.1), 0, 1))
                bow = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + rng.normal(0, 0.06) * h0)
                self._stroke([start, bow, end], pen)

    def join_at_foot(self, place: int, pen: float, rng: np.random.Generator) -> None:
        """Draw a stroke from the foot of the digit before to the upper left of the digit at `place`."""
        (x0, y0, w0, h0), (x1, y1, w1, h1) = self.boxes[place - 1 : place + 1]
        start = (x0 + w0 * rng.uniform(0.3, 0.8), y0 + h0 * rng.uniform(0.9, 0.99))
        end = (x1 + w1 * rng.uniform(0.05, 0.5), y1 + h1 * rng.uniform(0.02, 0.3))
        bow = (start[0] + (end[0] - start[0]) * rng.uniform(0.4, 0.7), start[1] + (end[1] - start[1]) * 0.4)
        self._stroke([start, bow, end], pen)

    def underline(self, pen: float, rng: np.random.Generator) -> None:
        y = self.middle + self.height * rng.uniform(0.5, 0.75)
        start, end = self.boxes[0][0] + rng.normal(0, 0.3) * self.height, self.edge + rng.normal(0, 0.3) * self.height
        self._stroke([(max(start, 2), y), (max(end, 4), y + rng.normal(0, 0.03) * (end - start))], pen)

    def _stroke(self, points: list[tuple[float, float]], pen: float) -> None:
        at = np.round(np.array(points) * 8).astype(np.int32)
        mask = np.zeros(self.ink.shape, np.uint8)
        cv2.polylines(mask, [at], False, 255, max(1, round(pen * self.height)), cv2.LINE_AA, 3)
        np.maximum(self.ink, mask.astype(np.float32) / np.float32(255), out=self.ink)

    def line(self, text: str) -> TextLine:
        rows, columns = (np.flatnonzero(self.ink.max(axis=axis) > 0.05) for axis in (1, 0))
        top, left = int(rows[0]), int(columns[0])
        ink = self.ink[top : rows[-1] + 1, left : columns[-1] + 1]

        def move(box: Box) -> Box:
            return box[0] - left, box[1] - top, box[2], box[3]

        signs = tuple(replace(sign, box=move(sign.box)) for sign in self.signs)
        return TextLine(ink, text, tuple(map(move, self.boxes)), self.height, signs)


def _fit_height(ink: Floats, height: int, rng: np.random.Generator, wider: float = 1.0) -> Floats:
    """Crop to the ink and scale to `height` pixels, a little wider or narrower, a little slanted."""
    ink = trim(ink)
    slant, scale = rng.normal(0, 0.08), height / ink.shape[0]
    stretch = scale * rng.uniform(0.8, 1.25) * wider
    lean = abs(slant) * height
    matrix = np.array([[stretch, -slant * scale, lean if slant > 0 else 0], [0, scale, 0]])
    size = (max(2, round(ink.shape[1] * stretch + lean)), height)
    soft = cv2.GaussianBlur(ink, (0, 0), 0.4 / scale) if scale < 0.8 else ink
    return np.asarray(np.clip(cv2.warpAffine(soft, matrix, size), 0, 1), np.float32)
