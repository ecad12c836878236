"""From ink to a number: which line it is, what the line network reads there, and what each digit looks like.

The line network reads the text, and with it where each digit stands; the digit network then looks at each
digit's own ink. Where both have their say, their logarithms are added.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.ctc import Text, read_text
from mlcore.reading.engine import Engine, Scores
from mlcore.reading.ink import Ink
from mlcore.reading.layout import Box, Region, find_regions
from mlcore.reading.segment import Part, cut_digits
from mlcore.reading.strip import cut_strip
from mlcore.reading.trace import Trace, no_trace

LINE_WEIGHT, DIGIT_WEIGHT = 0.6, 0.4
STIFFNESS = (0.08, 1.0)  # of cuts: along the least ink, or nearly straight through where round digits touch
UNSEEN = 0.02  # the digit network's say where its crop is no digit: bad cuts must not overrule the line


@dataclass(frozen=True, slots=True)
class FoundDigit:
    box: Box  # in ink px
    input: NDArray[np.uint8]  # (28, 28)
    probabilities: NDArray[np.float32]  # (10,) of both networks together, sum 1
    is_digit: float  # the digit network's

    @property
    def digit(self) -> int:
        return int(self.probabilities.argmax())


@dataclass(frozen=True, slots=True)
class Found:
    """A number and what its confidence follows from."""

    digits: tuple[FoundDigit, ...]
    line: float  # the line network's probability of exactly this text
    rival: float  # that of its second best
    explained: float  # share of the picture's ink that these digits are
    boxed: bool

    @property
    def fit(self) -> float:
        """How well the cut-out digits look like what was read."""
        return sum(float(np.log(digit.probabilities.max() * digit.is_digit + 1e-3)) for digit in self.digits)

    @property
    def text(self) -> str:
        return "".join(str(found.digit) for found in self.digits)


def find_number(ink: Ink, engine: Engine, trace: Trace = no_trace) -> Found | None:
    """None where no line holds a digit."""
    candidates = [(region, strip) for region in find_regions(ink) if (strip := cut_strip(region.strength, region.box))]
    texts = [read_text(logits) for logits in engine.read_strips([strip.image for _, strip in candidates])]
    ranked = sorted(zip(texts, candidates, strict=True), key=lambda row: -_worth(row[0], row[1][0]))
    if not ranked or not ranked[0][0].digits:
        return None
    text, (region, strip) = ranked[0]
    trace("line", strip.image)
    loose, stiff = (cut_digits(region, strip, text.steps, stiffness) for stiffness in STIFFNESS)
    cuts = [loose] if [p and p.box for p in loose] == [p and p.box for p in stiff] else [loose, stiff]
    best = max((_found(region, text, parts, engine) for parts in cuts), key=lambda found: found.fit)
    if best.digits:
        trace("digits", np.hstack([digit.input for digit in best.digits]))
    return best


def _worth(text: Text, region: Region) -> float:
    count = len(text.digits)
    return float(text.confidence * count / (count + 1) * np.sqrt(region.share))


def _found(region: Region, text: Text, parts: list[Part | None], engine: Engine) -> Found:
    seen = [(part, belief) for part, belief in zip(parts, text.beliefs, strict=True) if part is not None]
    scores = engine.classify(np.stack([part.input for part, _ in seen])) if seen else None
    digits = tuple(
        FoundDigit(part.box, part.input, together(np.array(belief, np.float32), scores, i), float(scores.is_digit[i]))
        for i, (part, belief) in enumerate(seen)
        if scores is not None
    )
    inked = sum(part.ink for part, _ in seen)
    whole = max(float(region.strength.sum()) / max(region.share, 1e-6), 1e-6)
    lost = len(parts) - len(seen)
    return Found(digits, text.confidence * 0.5**lost, text.runner_up, min(1.0, inked / whole), region.boxed)


def together(belief: NDArray[np.float32], scores: Scores, index: int) -> NDArray[np.float32]:
    """Ten probabilities from what the line network and the digit network say."""
    seen = scores.probabilities[index] * scores.is_digit[index] + UNSEEN
    logs = LINE_WEIGHT * np.log(belief + 1e-6) + DIGIT_WEIGHT * np.log(seen)
    shares = np.exp(logs - logs.max())
    return np.asarray(shares / shares.sum(), np.float32)
