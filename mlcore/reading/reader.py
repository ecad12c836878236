"""The reader: from a picture's bytes to what it says."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading import specks
from mlcore.reading.decide import Verdict, judge_digit, judge_number
from mlcore.reading.decode import Picture, decode
from mlcore.reading.engine import Engine
from mlcore.reading.errors import PictureError
from mlcore.reading.ink import Ink, find_ink
from mlcore.reading.normalise import SIDE, cut, ink_box, normalise
from mlcore.reading.number import Found, find_number
from mlcore.reading.result import Box, Glyph, Mode, Reading, Reason
from mlcore.reading.shade import written
from mlcore.reading.trace import Trace, no_trace

TOGETHER = 64  # pictures that the digit network looks at together
PIXELS_TOGETHER = 4_000_000  # of ink
SURELY_ONE = 0.9  # a single piece of ink that is a digit with this confidence is not also read as a line
CLEARLY = 1.1  # as likely as one digit must several be, to be seen in a single piece of ink no broader than tall
SPECK = 3  # px of the original: less is no ink
SMALLEST = 6  # px of the original: less shows no digit
FAINTEST = 0.05  # contrast with the paper
WRITTEN = 0.9  # of its ink: 1 in 1,500 generated digits on any paper has less, of the things on a table 9 in 10
WRITTEN_CUT_OFF = 0.7  # where the picture's edge hides one side of a stroke
MOST_PIECES = 40  # of ink in one digit: of 1,500 generated ones none had over 8, a page of print has hundreds
NOTHING = np.zeros((SIDE, SIDE), np.uint8)


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a picture before the networks look at it."""

    width: int
    height: int
    scale: float  # px of the ink for one px of the original
    box: Box | None  # around all of its ink; None where there is none
    input: NDArray[np.uint8]  # (28, 28): all ink as one digit
    likely: float  # 0..1: that this is one written digit, by the ink alone
    doubt: Reason | None
    ink: Ink | None  # None where no number is to be looked for


class Reader:
    """Safe to share between threads."""

    def __init__(self, artifact: Artifact) -> None:
        self.engine = Engine(artifact)
        self.version = artifact.version
        self.thresholds = artifact.card.thresholds

    def read(self, data: bytes, mode: Mode = "auto", trace: Trace = no_trace) -> Reading:
        return self.read_picture(decode(data), mode, trace)

    def read_picture(self, picture: Picture, mode: Mode = "auto", trace: Trace = no_trace) -> Reading:
        return self.answer([see(picture, mode, trace)], mode, trace)[0]

    def read_pictures(self, pictures: Iterable[Picture], mode: Mode = "auto") -> list[Reading]:
        """As `read_picture`, but the digit network looks at many together; the pictures pass by one at a time."""
        return [reading for group in grouped(see(p, mode) for p in pictures) for reading in self.answer(group, mode)]

    def read_many(self, pictures: Sequence[bytes], mode: Mode = "auto") -> list[Reading | PictureError]:
        """As `read`, but the digit network looks at many together; an error takes its picture's place."""
        answers: list[Reading | PictureError] = []
        for group in grouped(see_or_fail(data, mode) for data in pictures):
            readings = iter(self.answer([sight for sight in group if isinstance(sight, Sight)], mode))
            answers += [sight if isinstance(sight, PictureError) else next(readings) for sight in group]
        return answers

    def answer(self, sights: list[Sight], mode: Mode, trace: Trace = no_trace) -> list[Reading]:
        if not sights:
            return []
        scores = self.engine.classify(np.stack([sight.input for sight in sights]))  # (N, 28, 28) uint8
        rows = zip(sights, scores.probabilities, scores.is_digit, strict=True)
        return [self.answer_one(sight, row, float(is_digit), mode, trace) for sight, row, is_digit in rows]

    def answer_one(
        self, sight: Sight, probabilities: NDArray[np.float32], is_digit: float, mode: Mode, trace: Trace
    ) -> Reading:
        digit = self.as_digit(sight, sight.box, probabilities, is_digit) if sight.box else self.without_ink(sight)
        if sight.ink is None or not self.engine.reads_lines:
            return digit
        if mode == "auto" and looks_single(sight) and digit.confidence >= SURELY_ONE:
            return digit
        found = find_number(sight.ink, self.engine, trace)
        fewest = 1 if sight.box else 2  # out of a print, one stroke alone is made too easily
        if found is None or len(found.digits) < fewest:
            return digit
        number = self.as_number(sight, found)
        if number.decision == "rejected" and (mode == "auto" or not sight.box):
            return digit
        if mode == "number":
            return number
        likelier = number.confidence > (CLEARLY if looks_single(sight) else 1.0) * digit.confidence
        return number if len(found.digits) > 1 and likelier else digit

    def without_ink(self, sight: Sight) -> Reading:
        return Reading("", "rejected", "no_ink", 0.0, (), self.version, sight.width, sight.height)

    def as_digit(self, sight: Sight, box: Box, probabilities: NDArray[np.float32], is_digit: float) -> Reading:
        digit = int(probabilities.argmax())
        is_digit *= sight.likely
        confidence = is_digit * float(probabilities[digit])
        glyph = Glyph(box, digit, confidence, tuple(float(p) for p in probabilities), sight.input)
        verdict = judge_digit(confidence, is_digit, sight.doubt, self.thresholds)
        return self.reading(sight, str(digit), verdict, (glyph,))

    def as_number(self, sight: Sight, found: Found) -> Reading:
        glyphs = tuple(
            Glyph(
                original_box(digit.box, sight.scale, sight.width, sight.height),
                digit.digit,
                digit.is_digit * float(digit.probabilities.max()),
                tuple(float(p) for p in digit.probabilities),
                digit.input,
            )
            for digit in found.digits
        )
        return self.reading(sight, found.text, judge_number(found, sight.doubt, self.thresholds), glyphs)

    def reading(self, sight: Sight, text: str, verdict: Verdict, glyphs: tuple[Glyph, ...]) -> Reading:
        text = "" if verdict.decision == "rejected" else text
        size = (sight.width, sight.height)
        return Reading(text, verdict.decision, verdict.reason, verdict.confidence, glyphs, self.version, *size)


def see_or_fail(data: bytes, mode: Mode) -> Sight | PictureError:
    try:
        return see(decode(data), mode)
    except PictureError as error:
        return error


Seen = TypeVar("Seen", bound=Sight | PictureError)


def grouped(sights: Iterable[Seen]) -> Iterator[list[Seen]]:
    """Many small pictures, or few large ones: their ink waits in memory."""
    group: list[Seen] = []
    size = 0
    for sight in sights:
        group.append(sight)
        size += sight.ink.strength.size if isinstance(sight, Sight) and sight.ink is not None else 0
        if len(group) == TOGETHER or size > PIXELS_TOGETHER:
            yield group
            group, size = [], 0
    if group:
        yield group


def see(picture: Picture, mode: Mode, trace: Trace = no_trace) -> Sight:
    """All ink of the picture as one digit, and the ink itself where it may be more."""
    trace("picture", picture.pixels)
    ink = find_ink(picture.pixels, trace)
    scale = ink.scale * picture.scale
    box = ink_box(ink.strength)
    outer = original_box(box, scale, picture.width, picture.height) if box else None
    kept = None if mode == "digit" or ink.pieces >= specks.MOST_PIECES else ink
    size = (picture.width, picture.height)
    if not box or not outer or max(outer.width, outer.height) < SPECK:  # a number's ink may still stand out of a print
        return Sight(*size, scale, None, NOTHING, likely=0.0, doubt=None, ink=kept)
    doubt, share = find_doubt(ink, outer), written(ink)
    if share < (WRITTEN_CUT_OFF if doubt == "cut_off" else WRITTEN):  # the edges of things and shadows
        return Sight(*size, scale, None, NOTHING, likely=0.0, doubt=None, ink=None)
    digit = normalise(cut(ink.strength, box))
    trace("input", digit)
    likely = 0.0 if ink.pieces > MOST_PIECES else share if share < WRITTEN else 1.0
    return Sight(*size, scale, outer, digit, likely, doubt, kept)


def looks_single(sight: Sight) -> bool:
    """One piece of ink, not broad: most pictures of one digit need no second look."""
    if sight.ink is None or sight.box is None or sight.box.width > 1.1 * sight.box.height:
        return False
    return sight.ink.pieces == 1


def original_box(box: tuple[int, int, int, int], scale: float, width: int, height: int) -> Box:
    """From the ink's pixels to the original's."""
    left, top = int(box[0] / scale), int(box[1] / scale)
    right = min(width, round((box[0] + box[2]) / scale))
    bottom = min(height, round((box[1] + box[3]) / scale))
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def find_doubt(ink: Ink, box: Box) -> Reason | None:
    """Why the network may be unsure of this ink, should it be."""
    if max(box.width, box.height) < SMALLEST:
        return "too_small"
    if ink.contrast < FAINTEST:
        return "low_contrast"
    edges = (ink.strength[0], ink.strength[-1], ink.strength[:, 0], ink.strength[:, -1])
    return "cut_off" if any(float(edge.max()) > 0.5 for edge in edges) else None
