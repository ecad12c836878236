"""Numbers as people write them: digits in a row, touching or apart, with dots, dashes and signs between."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.training.synthesis.alphabet import LETTERS
from mlcore.training.synthesis.negatives import (
    DrawDigit,
    block,
    scribble,
    texture,
    trimmed,
    write_dot,
    write_letter,
    write_sign,
)
from mlcore.training.synthesis.pen import Hand, any_hand

Floats = NDArray[np.float32]

LEADING = ("euro", "dollar", "pound", "hash", "star", "double dash")
TRAILING = ("dash", "dash", "double dash", "star", "hash")
AMOUNTS = 0.5  # share of the numbers that count something
FIRST_DIGITS = np.log10(1 + 1 / np.arange(1, 10))  # of what is counted: Benford's law for 1 to 9
SMALL_NOUGHTS = 0.3  # share of the hands that write a round number's noughts smaller than its digits


@dataclass(frozen=True)
class Line:
    ink: Floats  # (H, W) 0..1
    text: str
    boxes: tuple[tuple[int, int, int, int], ...]  # (x, y, width, height) of every digit
    height: int  # of a digit, in pixels


@dataclass(frozen=True)
class Spacing:
    """How somebody sets digits in a row, in heights of a digit."""

    gap: float  # between neighbours; negative: they overlap
    gap_spread: float
    rise: float  # how far digits stray from the line, up or down
    sizes: float  # how much their heights differ


@dataclass(frozen=True)
class Noughts:
    """How somebody writes the noughts behind a first digit."""

    size: float = 1.0  # in heights of a digit
    stretch: float = 1.0  # beside other digits' width
    low: bool = False  # at the foot of the line, not in its middle
    joined: bool = False  # without lifting the pen


def any_noughts(rng: np.random.Generator) -> Noughts:
    if rng.random() >= SMALL_NOUGHTS:
        return Noughts(joined=bool(rng.random() < 0.1))
    return Noughts(rng.uniform(0.4, 0.9), rng.uniform(1, 1.8), bool(rng.random() < 0.5), bool(rng.random() < 0.4))


def any_spacing(rng: np.random.Generator) -> Spacing:
    gap = rng.choice([rng.uniform(-0.12, 0.05), rng.uniform(0.0, 0.25), rng.uniform(0.2, 0.9)], p=[0.4, 0.45, 0.15])
    return Spacing(float(gap), float(rng.uniform(0, 0.12)), float(rng.uniform(0, 0.12)), float(rng.uniform(0, 0.15)))


def any_text(rng: np.random.Generator) -> str:
    """1 to 10 digits: codes as they come, and amounts, which begin as Benford's law says and are often round."""
    length = int(rng.choice(np.arange(1, 11), p=[0.06, 0.06, 0.12, 0.18, 0.22, 0.16, 0.08, 0.06, 0.03, 0.03]))
    digits = rng.integers(0, 10, length)
    if rng.random() < AMOUNTS:
        digits[0] = 1 + int(rng.choice(9, p=FIRST_DIGITS))
    if rng.random() < 0.25:
        digits[max(1, length - int(rng.integers(1, 5))) :] = 0
    if rng.random() < 0.12 and length > 1:
        at = int(rng.integers(1, length))
        digits[at:] = digits[at - 1]
    return "".join(map(str, digits))


def write_line(
    text: str, height: int, spacing: Spacing, draw_digit: DrawDigit, rng: np.random.Generator, *, marks: bool = True
) -> Line:
    """`height` is a digit's, in pixels. With `marks`, things that are no digits are written as well."""
    hand = any_hand(rng, float(height))
    row = _Row(height)
    if marks and rng.random() < 0.12:
        row.put(write_sign(str(rng.choice(LEADING)), rng, hand), 0.0, rng.uniform(0.02, 0.4))
    elif marks and rng.random() < 0.06:
        _write_letters(row, int(rng.integers(1, 4)), hand, rng)
        row.skip(rng.uniform(0.1, 0.5))
    dot_every = int(rng.choice([0, 0, 2, 3, 3, 3])) if marks else 0
    noughts, usual = any_noughts(rng), Noughts()
    for place, character in enumerate(text):
        left = len(text) - place
        if place and dot_every and left % dot_every == 0:
            if rng.random() < 0.75:
                low = 0.5 - rng.uniform(0.0, 0.1)
                row.put(write_dot(rng, hand), low, rng.uniform(-0.05, 0.15), small=True)
            else:
                row.skip(rng.uniform(0.1, 0.5))
        way = noughts if place and character == "0" else usual
        tall = max(6, round(height * way.size * (1 + rng.normal(0, spacing.sizes / 2))))
        gap = spacing.gap + rng.normal(0, spacing.gap_spread) if place else 0.0
        fall = rng.normal(0, spacing.rise / 2) + ((1 - way.size) / 2 if way.low else 0.0)
        row.put_digit(_to_height(draw_digit(int(character), rng), tall, rng, way.stretch), fall, gap)
    if marks and rng.random() < 0.35:
        _write_tail(row, hand.pen, rng)
    if marks and rng.random() < 0.12:
        row.join(range(1, len(text)), hand.pen, rng)
    elif noughts.joined:
        row.join([place for place in range(2, len(text)) if text[place - 1 : place + 1] == "00"], hand.pen, rng)
    if marks and rng.random() < 0.08:
        row.underline(hand.pen, rng)
    return row.line(text)


def cut_short(line: Line, rng: np.random.Generator) -> Line:
    """The picture of a form's field ends where the form says, not where the writing does: a little is missing."""
    tall, wide = line.ink.shape
    shares = rng.uniform(0, 0.16, 4) * (rng.random(4) < 0.4)
    sides = np.minimum(line.height * shares, np.array([tall, tall, wide, wide]) / 4)  # a lone 1 is narrow
    top, bottom, left, right = sides.astype(int).tolist()
    ink = line.ink[top : tall - bottom, left : wide - right]
    boxes = []
    for x, y, w, h in line.boxes:
        x0, y0 = max(0, x - left), max(0, y - top)
        boxes.append((x0, y0, min(x - left + w, ink.shape[1]) - x0, min(y - top + h, ink.shape[0]) - y0))
    return Line(ink, line.text, tuple(boxes), line.height)


def write_no_number(height: int, rng: np.random.Generator) -> Line:
    """A word, a scribble, a stain: a line in which nothing is to be read."""
    row = _Row(height)
    kind = rng.random()
    if kind < 0.7:
        _write_letters(row, int(rng.integers(1, 9)), any_hand(rng, float(height)), rng)
    else:
        for _ in range(int(rng.integers(1, 4))):
            draw = scribble if kind < 0.85 else texture if kind < 0.95 else block
            row.put(_to_height(draw(rng), height, rng), 0.0, rng.uniform(0, 0.5))
    return row.line("")


def _write_letters(row: "_Row", count: int, hand: Hand, rng: np.random.Generator) -> None:
    names = [name for name in LETTERS if name.isupper()] if rng.random() < 0.4 else list(LETTERS)
    for _ in range(count):
        row.put(write_letter(str(rng.choice(names)), rng, hand), 0.0, rng.uniform(-0.05, 0.2))


def _write_tail(row: "_Row", pen: float, rng: np.random.Generator) -> None:
    """`.-`, `,=`, a long dash: what keeps others from adding digits."""
    hand = any_hand(rng, float(row.height))
    if rng.random() < 0.6:
        row.put(write_dot(rng, hand), 0.45, rng.uniform(-0.05, 0.15), small=True)
    if rng.random() < 0.7:
        sign = write_sign(str(rng.choice(TRAILING)), rng, hand)
        shrunk = _to_height(sign, max(3, round(sign.shape[0] * rng.uniform(0.4, 1))), rng)
        row.put(shrunk, rng.uniform(-0.15, 0.35), rng.uniform(-0.03, 0.3), small=True)


class _Row:
    """Ink that grows to the right. Heights are in parts of a digit's height, 0 is the middle of the line."""

    def __init__(self, height: int) -> None:
        self.height = height
        self.middle = 2 * height
        self.ink = np.zeros((4 * height, height), np.float32)
        self.edge = height // 2  # where the last thing ends
        self.boxes: list[tuple[int, int, int, int]] = []

    def skip(self, gap: float) -> None:
        self.edge += round(gap * self.height)

    def put(self, thing: Floats, fall: float, gap: float, *, small: bool = False) -> tuple[int, int, int, int]:
        thing = trimmed(thing)
        tall, wide = thing.shape
        left = max(0, self.edge + round(gap * self.height))
        top = self.middle + round(fall * self.height) - (tall // 2)
        top = int(np.clip(top, 0, self.ink.shape[0] - tall))
        missing = left + wide + self.height - self.ink.shape[1]
        if missing > 0:
            self.ink = np.pad(self.ink, ((0, 0), (0, missing + 4 * self.height)))
        place = self.ink[top : top + tall, left : left + wide]
        np.maximum(place, thing, out=place)
        self.edge = max(self.edge, left + wide) if small else left + wide
        return left, top, wide, tall

    def put_digit(self, digit: Floats, fall: float, gap: float) -> None:
        self.boxes.append(self.put(digit, fall, gap))

    def join(self, places: Iterable[int], pen: float, rng: np.random.Generator) -> None:
        """A hand in a hurry does not lift the pen: strokes from the digits before to the ones at `places`."""
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

    def line(self, text: str) -> Line:
        rows, columns = (np.flatnonzero(self.ink.max(axis=axis) > 0.05) for axis in (1, 0))
        top, left = int(rows[0]), int(columns[0])
        ink = self.ink[top : rows[-1] + 1, left : columns[-1] + 1]
        return Line(ink, text, tuple((x - left, y - top, w, h) for x, y, w, h in self.boxes), self.height)


def _to_height(ink: Floats, height: int, rng: np.random.Generator, wider: float = 1.0) -> Floats:
    """Cut to its ink, `height` pixels tall, a little wider or narrower, slanted a little."""
    ink = trimmed(ink)
    tall, wide = ink.shape
    slant, scale = rng.normal(0, 0.08), height / tall
    stretch = scale * rng.uniform(0.8, 1.25) * wider
    lean = abs(slant) * height
    matrix = np.array([[stretch, -slant * scale, lean if slant > 0 else 0], [0, scale, 0]])
    size = (max(2, round(wide * stretch + lean)), height)
    soft = cv2.GaussianBlur(ink, (0, 0), 0.4 / scale) if scale < 0.8 else ink
    return np.asarray(np.clip(cv2.warpAffine(soft, matrix, size), 0, 1), np.float32)
