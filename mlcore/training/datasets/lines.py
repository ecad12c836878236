"""Strips of synthetic numbers, on which the line network is trained and evaluated.

Numbers are written, rendered on sheets and cut out by the reader's own `find_ink` and `cut_strip`, so that
training sees strips like those in service.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mlcore.atomic_files import open_atomic
from mlcore.reading.ink.extraction import Ink, find_ink, find_ink_with_print
from mlcore.reading.ink.specks import remove_specks
from mlcore.reading.layout.regions import add_small_marks, all_ink_region
from mlcore.reading.layout.strip import HEIGHT, STEP, cut_strip
from mlcore.reading.numbers.ctc import needed_steps
from mlcore.training.datasets.mnist import Digits
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import (
    TextLine,
    cut_short,
    random_spacing,
    write_line,
    write_no_number,
)
from mlcore.training.synthesis.negatives import DrawDigit
from mlcore.training.synthesis.sheets import (
    ANY_PAPER,
    CELL,
    NOISY_SHEET,
    PLAIN_PHOTO,
    SCREEN,
    SECURITY,
    Margins,
    SheetStyle,
    render_sheet,
)
from mlcore.training.synthesis.written_forms import random_written

WeightedSheets = tuple[tuple[SheetStyle, float], ...]  # with the share of the lines on each
SHEETS: WeightedSheets = ((SECURITY, 0.35), (ANY_PAPER, 0.25), (PLAIN_PHOTO, 0.15), (CELL, 0.15), (SCREEN, 0.1))
STRIP_SHEETS: WeightedSheets = (
    (SECURITY, 0.25), (ANY_PAPER, 0.2), (PLAIN_PHOTO, 0.25), (NOISY_SHEET, 0.08), (CELL, 0.12), (SCREEN, 0.1),
)  # fmt: skip
MIN_HEIGHT, MAX_HEIGHT = 12, 64  # px of a digit
WITH_PRINT_SHARE = 0.6  # of the lines: printed lines are not erased
NO_NUMBER_SHARE = 0.06  # of the lines: they contain no digit
CUT_SHORT_SHARE = 0.3
VISIBLE = 0.25  # least ink strength that counts for the box of a strip
LEGIBLE = 0.4  # least ink strength of written ink, and least share of it that the reader must find
LOST = 0.1  # a sign with a smaller share of its ink found is no longer in the picture
LONGEST_TEXT = 16  # digits and signs of a line that the network learns
NARROWEST = 0.8  # share of its width that augmentation leaves of a strip
Floats = NDArray[np.float32]
LabelledStrip = tuple[NDArray[np.uint8], str]  # (32, W), and its digits and signs
Box = tuple[int, int, int, int]  # x, y, width, height


@dataclass(frozen=True)
class StripDataset:
    """Strips of differing widths, stored end to end, with their texts: digits and signs."""

    pixels: NDArray[np.uint8]  # (32, all columns)
    ends: NDArray[np.int64]  # (N,) where each strip ends
    texts: tuple[str, ...]

    @classmethod
    def of(cls, strips: Sequence[LabelledStrip]) -> Self:
        images, texts = zip(*strips, strict=True)
        ends = np.cumsum([image.shape[1] for image in images])
        return cls(np.concatenate(images, axis=1), ends, tuple(texts))

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of strips and texts."""
        content = (self.pixels.tobytes(), self.ends.tobytes(), "\n".join(self.texts).encode())
        return hashlib.sha256(b"".join(content)).hexdigest()

    def strip(self, index: int) -> NDArray[np.uint8]:
        start = int(self.ends[index - 1]) if index else 0
        return self.pixels[:, start : int(self.ends[index])]  # (32, W)

    def widths(self) -> NDArray[np.int64]:
        return np.diff(self.ends, prepend=0)


class Writers:
    """Random writers, whose digits come from MNIST, from synthetic handwriting, or from both."""

    def __init__(self, digits: Digits) -> None:
        self._by_digit = [digits.images[digits.labels == digit] for digit in range(10)]

    def random_writer(self, rng: np.random.Generator) -> DrawDigit:
        """Return a writer with one pen, whose share of MNIST digits is random."""
        return self._create_writer(float(rng.choice([1.0, 0.5, 0.0], p=[0.4, 0.25, 0.35])), rng)

    def random_mnist_writer(self, rng: np.random.Generator) -> DrawDigit:
        """Return a writer with one pen who takes every digit from MNIST."""
        return self._create_writer(1.0, rng)

    def _create_writer(self, mnist_share: float, rng: np.random.Generator) -> DrawDigit:
        edge = rng.uniform(0.25, 0.75)  # grey level that becomes ink; a higher one gives a thinner stroke

        def draw_digit(digit: int, rng: np.random.Generator) -> Floats:
            if rng.random() >= mnist_share:
                return write_digit(digit, rng)
            images = self._by_digit[digit]
            return sharpen(images[int(rng.integers(len(images)))], edge)

        return draw_digit


def sharpen(image: NDArray[np.uint8], edge: float) -> Floats:
    """Enlarge an MNIST digit with sharp edges: (28, 28) uint8 → (112, 112)."""
    large = cv2.resize(image.astype(np.float32) / 255, (112, 112), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip((large - edge) * 5 + 0.5, 0, 1), np.float32)


def render_strips(count: int, seed: int | list[int], writers: Writers) -> StripDataset:
    return StripDataset.of(list(islice(_generate_strips(np.random.default_rng(seed), writers), count)))


def join_strips(parts: Sequence[StripDataset]) -> StripDataset:
    widths = np.concatenate([part.widths() for part in parts])
    texts = tuple(text for part in parts for text in part.texts)
    return StripDataset(np.concatenate([part.pixels for part in parts], axis=1), np.cumsum(widths), texts)


def save_strips(path: Path, strips: StripDataset) -> None:
    with open_atomic(path) as file:
        np.savez_compressed(file, pixels=strips.pixels, ends=strips.ends, texts=np.array(strips.texts))


def load_strips(path: Path) -> StripDataset:
    with np.load(path, allow_pickle=False) as arrays:
        return StripDataset(arrays["pixels"], arrays["ends"], tuple(arrays["texts"].tolist()))


def _generate_strips(rng: np.random.Generator, writers: Writers) -> Iterator[LabelledStrip]:
    """Yield strips with their texts, without end."""
    for line, ink, margins in render_line_sheets(rng, writers, STRIP_SHEETS):
        for region in all_ink_region(ink.strength):
            strength = add_small_marks(region, find_ink_with_print(ink)).strength
            legible = drop_lost_signs(line, replace(ink, strength=strength), margins)
            strip = cut_training_strip(strength, rng)
            if legible and strip is not None and has_enough_steps(strip, legible.written):
                yield strip, legible.written


def has_enough_steps(strip: NDArray[np.uint8], written: str) -> bool:
    """Tell if the network has a step for each digit and sign, also where augmentation makes the strip narrower."""
    return needed_steps(written) <= NARROWEST * strip.shape[1] / STEP


def render_line_sheets(
    rng: np.random.Generator, writers: Writers, sheets: WeightedSheets = SHEETS
) -> Iterator[tuple[TextLine, Ink, Margins]]:
    """Yield written lines, the ink that the reader finds on their sheets, and the margins; without end.

    Lines that are not legible on their sheet are left out.
    """
    styles, shares = zip(*sheets, strict=True)
    while True:
        line = random_line(rng, writers.random_writer(rng))
        style = styles[rng.choice(len(styles), p=shares)]
        low, high = style.margin
        margins = _margins_in_pixels(line.ink.shape[0], rng.uniform(low, high, 4))
        ink = find_ink(render_sheet(line.ink, rng, replace(style, margins=margins)))
        if rng.random() < WITH_PRINT_SHARE:  # the reader reads with and without print, and takes the better answer
            strength, pieces = remove_specks(find_ink_with_print(ink))
            ink = replace(ink, strength=strength, pieces=pieces)
        if is_legible(line, ink, margins):
            yield line, ink, margins


def _margins_in_pixels(height: int, shares: NDArray[np.float64]) -> Margins:
    top, right, bottom, left = (int(height * share) for share in shares)
    return top, right, bottom, left


def is_legible(line: TextLine, ink: Ink, margins: Margins) -> bool:
    """Tell if the reader found enough ink of every digit: the network cannot learn what the strip does not show."""
    return all(share >= LEGIBLE for share in found_shares(line, ink, margins, line.boxes))


def drop_lost_signs(line: TextLine, ink: Ink, margins: Margins) -> TextLine | None:
    """Return the line without the signs of which the reader found nothing, or None if it found parts of a sign."""
    shares = found_shares(line, ink, margins, tuple(sign.box for sign in line.signs))
    if any(LOST < share < LEGIBLE for share in shares):
        return None
    return replace(line, signs=tuple(s for s, share in zip(line.signs, shares, strict=True) if share >= LEGIBLE))


def found_shares(line: TextLine, ink: Ink, margins: Margins, boxes: Sequence[Box]) -> list[float]:
    """Return which share of the ink in each box the reader found; 1 where nothing was to be found."""
    top, _, _, left = (round(margin * ink.scale) for margin in margins)
    size = (max(1, round(line.ink.shape[1] * ink.scale)), max(1, round(line.ink.shape[0] * ink.scale)))
    expected = cv2.resize(line.ink, size, interpolation=cv2.INTER_AREA) > LEGIBLE
    found = ink.strength[top : top + size[1], left : left + size[0]]
    expected = expected[: found.shape[0], : found.shape[1]]
    shares = []
    for box in boxes:
        x, y, width, height = (round(part * ink.scale) for part in box)
        region = np.s_[max(0, y) : y + height, max(0, x) : x + width]
        is_expected = expected[region]
        shares.append(float(found[region][is_expected].mean()) if is_expected.any() else 1.0)
    return shares


def random_line(rng: np.random.Generator, draw_digit: DrawDigit) -> TextLine:
    """Write a random number, sometimes cut short, or sometimes a line without a number."""
    height = int(np.exp(rng.uniform(np.log(MIN_HEIGHT), np.log(MAX_HEIGHT))))
    if rng.random() < NO_NUMBER_SHARE:
        return write_no_number(height, rng)
    line = write_line(random_written(rng), height, random_spacing(rng), draw_digit, rng)
    return cut_short(line, rng) if rng.random() < CUT_SHORT_SHARE else line


def cut_training_strip(strength: Floats, rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """Cut the strip round a sheet's ink, (H, W) → (32, W'); the box is a little too large, as in service."""
    rows, columns = (np.flatnonzero((strength > VISIBLE).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    excess = rng.uniform(0, 0.12, 4) * (rows[-1] - rows[0] + 1)
    top, left = max(0, int(rows[0] - excess[0])), max(0, int(columns[0] - excess[1]))
    bottom, right = int(rows[-1] + 1 + excess[2]), int(columns[-1] + 1 + excess[3])
    strip = cut_strip(strength, (left, top, right - left, bottom - top))
    return None if strip is None or strip.image.shape[0] != HEIGHT else strip.image
