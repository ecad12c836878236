"""Synthetic handwritten numbers: digits in a row, touching or apart, with dots, dashes and signs between."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.training.synthesis.alphabet import LETTERS
from mlcore.training.synthesis.negatives import (
    DrawDigit,
    draw_block,
    draw_scribble,
    draw_texture,
    trim,
    write_dot,
    write_letter,
    write_sign,
)
from mlcore.training.synthesis.pen import Hand, random_hand

Floats = NDArray[np.float32]

LEADING = ("euro", "dollar", "pound", "hash", "star", "double dash")
TRAILING = ("dash", "dash", "double dash", "star", "hash")
AMOUNT_SHARE = 0.5  # share of the numbers that are amounts
FIRST_DIGIT_SHARES = np.log10(1 + 1 / np.arange(1, 10))  # of amounts, for 1 to 9: Benford's law
SMALL_ZEROS_SHARE = 0.3  # share of the hands that write the zeros of a round number smaller


@dataclass(frozen=True)
class TextLine:
    """The ink of a written number, its text and the box of every digit."""

    ink: Floats  # (H, W) 0..1
    text: str
    boxes: tuple[tuple[int, int, int, int], ...]  # (x, y, width, height) of every digit
    height: int  # of a digit, in pixels


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


def random_text(rng: np.random.Generator) -> str:
    """Return 1 to 10 digits: a code of random digits, or an amount.

    Amounts begin as Benford's law says, and are often round.
    """
    length = int(rng.choice(np.arange(1, 11), p=[0.06, 0.06, 0.12, 0.18, 0.22, 0.16, 0.08, 0.06, 0.03, 0.03]))
    digits = rng.integers(0, 10, length)
    if rng.random() < AMOUNT_SHARE:
        digits[0] = 1 + int(rng.choice(9, p=FIRST_DIGIT_SHARES))
    if rng.random() < 0.25:
        digits[max(1, length - int(rng.integers(1, 5))) :] = 0
    if rng.random() < 0.12 and length > 1:
        at = int(rng.integers(1, length))
        digits[at:] = digits[at - 1]
    return "".join(map(str, digits))


def write_line(
    text: str, height: int, spacing: Spacing, draw_digit: DrawDigit, rng: np.random.Generator, *, marks: bool = True
) -> TextLine:
    """Write `text` in digits of `height` pixels; `marks` adds dots, signs, letters and strokes between digits."""
    hand = random_hand(rng, float(height))
    row = _Row(height)
    if marks and rng.random() < 0.12:
        row.put(write_sign(str(rng.choice(LEADING)), rng, hand), 0.0, rng.uniform(0.02, 0.4))
    elif marks and rng.random() < 0.06:
        _write_letters(row, int(rng.integers(1, 4)), hand, rng)
        row.skip(rng.uniform(0.1, 0.5))
    dot_every = int(rng.choice([0, 0, 2, 3, 3, 3])) if marks else 0
    zero_style, usual_style = random_zero_style(rng), ZeroStyle()
    for place, character in enumerate(text):
        remaining = len(text) - place
        if place and dot_every and remaining % dot_every == 0:
            if rng.random() < 0.75:
                low = 0.5 - rng.uniform(0.0, 0.1)
                row.put(write_dot(rng, hand), low, rng.uniform(-0.05, 0.15), small=True)
            else:
                row.skip(rng.uniform(0.1, 0.5))
        style = zero_style if place and character == "0" else usual_style
        digit_height = max(6, round(height * style.size * (1 + rng.normal(0, spacing.sizes / 2))))
        gap = spacing.gap + rng.normal(0, spacing.gap_spread) if place else 0.0
        offset = rng.normal(0, spacing.rise / 2) + ((1 - style.size) / 2 if style.low else 0.0)
        row.put_digit(_fit_height(draw_digit(int(character), rng), digit_height, rng, style.stretch), offset, gap)
    if marks and rng.random() < 0.35:
        _write_tail(row, hand.pen, rng)
    if marks and rng.random() < 0.12:
        row.join(range(1, len(text)), hand.pen, rng)
    elif zero_style.joined:
        row.join([place for place in range(2, len(text)) if text[place - 1 : place + 1] == "00"], hand.pen, rng)
    if marks and rng.random() < 0.08:
        row.underline(hand.pen, rng)
    return row.line(text)


def cut_short(line: TextLine, rng: np.random.Generator) -> TextLine:
    """Cut off a little at random sides, as the edge of a form's field does."""
    height, width = line.ink.shape
    shares = rng.uniform(0, 0.16, 4) * (rng.random(4) < 0.4)
    quarters = np.array([height, height, width, width]) / 4  # the limit: a lone 1 is narrow
    sides = np.minimum(line.height * shares, quarters)
    top, bottom, left, right = sides.astype(int).tolist()
    ink = line.ink[top : height - bottom, left : width - right]
    boxes = []
    for x, y, w, h in line.boxes:
        x0, y0 = max(0, x - left), max(0, y - top)
        boxes.append((x0, y0, min(x - left + w, ink.shape[1]) - x0, min(y - top + h, ink.shape[0]) - y0))
    return TextLine(ink, line.text, tuple(boxes), line.height)


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


def _write_tail(row: "_Row", pen: float, rng: np.random.Generator) -> None:
    """Write `.-`, `,=` or a long dash, which people add so that nobody can append digits."""
    hand = random_hand(rng, float(row.height))
    if rng.random() < 0.6:
        row.put(write_dot(rng, hand), 0.45, rng.uniform(-0.05, 0.15), small=True)
    if rng.random() < 0.7:
        sign = write_sign(str(rng.choice(TRAILING)), rng, hand)
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
        self.boxes: list[tuple[int, int, int, int]] = []

    def skip(self, gap: float) -> None:
        self.edge += round(gap * self.height)

    def put(self, mark: Floats, offset: float, gap: float, *, small: bool = False) -> tuple[int, int, int, int]:
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
        return TextLine(ink, text, tuple((x - left, y - top, w, h) for x, y, w, h in self.boxes), self.height)


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
