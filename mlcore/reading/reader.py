"""The reader: from a picture's bytes to what it says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading.decode import Picture, decode
from mlcore.reading.engine import Engine
from mlcore.reading.errors import PictureError
from mlcore.reading.ink import Ink, find_ink
from mlcore.reading.normalise import SIDE, cut, ink_box, normalise
from mlcore.reading.result import Box, Decision, Glyph, Mode, Reading, Reason
from mlcore.reading.trace import Trace, no_trace

SPECK = 3  # px of the original: less is no ink
SMALLEST = 6  # px of the original: less shows no digit
FAINTEST = 0.05  # contrast with the paper


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a picture before the network looks at it."""

    width: int
    height: int
    box: Box | None  # around all of its ink; None where there is none
    input: NDArray[np.uint8]  # (28, 28)
    doubt: Reason | None


class Reader:
    """Safe to share between threads."""

    def __init__(self, artifact: Artifact) -> None:
        self.engine = Engine(artifact)
        self.version = artifact.version
        self.thresholds = artifact.card.thresholds

    def read(self, data: bytes, mode: Mode = "auto", trace: Trace = no_trace) -> Reading:
        return self.read_picture(decode(data), mode, trace)

    def read_picture(self, picture: Picture, mode: Mode = "auto", trace: Trace = no_trace) -> Reading:
        return self.answer([see(picture, trace)])[0]

    def read_pictures(self, pictures: Iterable[Picture], mode: Mode = "auto") -> list[Reading]:
        """As `read_picture`, but the network looks at all of them at once; they pass by one at a time."""
        return self.answer([see(picture) for picture in pictures])

    def read_many(self, pictures: Sequence[bytes], mode: Mode = "auto") -> list[Reading | PictureError]:
        """As `read`, but the network looks at all of them at once; an error takes its picture's place."""
        seen = [see_or_fail(data) for data in pictures]
        answers = iter(self.answer([sight for sight in seen if isinstance(sight, Sight)]))
        return [sight if isinstance(sight, PictureError) else next(answers) for sight in seen]

    def answer(self, sights: list[Sight]) -> list[Reading]:
        if not sights:
            return []
        scores = self.engine.classify(np.stack([sight.input for sight in sights]))  # (N, 28, 28) uint8
        rows = zip(sights, scores.probabilities, scores.is_digit, strict=True)
        return [self.judge(sight, row, float(is_digit)) for sight, row, is_digit in rows]

    def judge(self, sight: Sight, probabilities: NDArray[np.float32], is_digit: float) -> Reading:
        if sight.box is None:
            return Reading("", "rejected", "no_ink", 0.0, (), self.version, sight.width, sight.height)
        digit = int(probabilities.argmax())
        confidence = is_digit * float(probabilities[digit])
        glyph = Glyph(sight.box, digit, confidence, tuple(float(p) for p in probabilities), sight.input)
        decision, reason = self.decide(sight, is_digit, confidence)
        text = "" if decision == "rejected" else str(digit)
        return Reading(text, decision, reason, confidence, (glyph,), self.version, sight.width, sight.height)

    def decide(self, sight: Sight, is_digit: float, confidence: float) -> tuple[Decision, Reason | None]:
        if is_digit < self.thresholds.get("is_digit", 0.5):
            return "rejected", sight.doubt or "not_a_digit"
        if confidence < self.thresholds.get("read", 0.9):
            return "unsure", sight.doubt
        return "read", None


def see_or_fail(data: bytes) -> Sight | PictureError:
    try:
        return see(decode(data))
    except PictureError as error:
        return error


def see(picture: Picture, trace: Trace = no_trace) -> Sight:
    """All ink of the picture as one digit."""
    trace("picture", picture.pixels)
    ink = find_ink(picture.pixels, trace)
    box = ink_box(ink.strength)
    outer = original_box(box, ink.scale * picture.scale, picture) if box else None
    if not box or not outer or max(outer.width, outer.height) < SPECK:
        return Sight(picture.width, picture.height, None, np.zeros((SIDE, SIDE), np.uint8), None)
    digit = normalise(cut(ink.strength, box))
    trace("input", digit)
    return Sight(picture.width, picture.height, outer, digit, find_doubt(ink, outer))


def original_box(box: tuple[int, int, int, int], scale: float, picture: Picture) -> Box:
    """From the ink's pixels to the original's."""
    left, top = int(box[0] / scale), int(box[1] / scale)
    right = min(picture.width, round((box[0] + box[2]) / scale))
    bottom = min(picture.height, round((box[1] + box[3]) / scale))
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def find_doubt(ink: Ink, box: Box) -> Reason | None:
    """Why the network may be unsure of this ink, should it be."""
    if max(box.width, box.height) < SMALLEST:
        return "too_small"
    if ink.contrast < FAINTEST:
        return "low_contrast"
    strong = ink.strength > 0.5
    edges = (strong[0], strong[-1], strong[:, 0], strong[:, -1])
    return "cut_off" if any(edge.any() for edge in edges) else None
