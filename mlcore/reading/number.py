"""From ink to a number: which line it is, what the line network reads there, and what each digit looks like.

The line network proposes texts, and with each where its digits stand; the digit network then looks at each
digit's own ink. The text that both like best is read. In printed boxes there is nothing to cut: each box
holds one digit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.ctc import Text, read_texts
from mlcore.reading.engine import Engine
from mlcore.reading.ink import Ink
from mlcore.reading.layout import Box, Region, find_regions, standing_apart, tall_pieces
from mlcore.reading.segment import LOOSE, STIFF, Cutter, Part, cut_cells
from mlcore.reading.strip import Strip, cut_strip
from mlcore.reading.trace import Trace, no_trace
from mlcore.reading.weights import Standing, Weights

REGIONS, TEXTS = 2, 6  # so many of the likeliest are looked at closely
SURE = 0.9  # a line read with this probability needs no second region to be looked at
HOPELESS = 0.02  # beside the likeliest text
BOXED = 0.5  # what the line network's probability counts as where it saw other boxes filled
FAINTEST = 0.01
ODD = 0.1  # of the pieces of ink that look like one digit are two

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FoundDigit:
    box: Box  # in ink px
    input: NDArray[np.uint8]  # (28, 28)
    probabilities: Floats  # (10,) of both networks together, sum 1
    is_digit: float  # the digit network's
    standing: Standing
    words: Floats  # (10, 2) log probabilities by either network

    @property
    def digit(self) -> int:
        return int(self.probabilities.argmax())


@dataclass(frozen=True, slots=True)
class Found:
    """A number and what its confidence follows from."""

    digits: tuple[FoundDigit, ...]
    line: float  # the line network's probability of the text it proposed
    rival: float  # and of its best other text
    explained: float  # share of the picture's ink that these digits are
    clues: Floats  # (7,) in the order of CLUES
    worth: float  # by which it was preferred

    @property
    def text(self) -> str:
        return "".join(str(found.digit) for found in self.digits)


@dataclass(frozen=True, slots=True)
class Look:
    """What the digit network says of one piece of ink."""

    part: Part
    probabilities: Floats  # (10,)
    is_digit: float


class Eye:
    """The digit network, which looks at no ink twice."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.seen: dict[bytes, tuple[Floats, float]] = {}

    def look(self, parts: Sequence[Part]) -> list[Look]:
        new = {part.input.tobytes(): part.input for part in parts if part.input.tobytes() not in self.seen}
        if new:
            scores = self.engine.classify(np.stack(list(new.values())))
            for key, row, is_digit in zip(new, scores.probabilities, scores.is_digit, strict=True):
                self.seen[key] = (row.astype(np.float64), float(is_digit))
        return [Look(part, *self.seen[part.input.tobytes()]) for part in parts]


def find_number(ink: Ink, engine: Engine, trace: Trace = no_trace, weights: Weights | None = None) -> Found | None:
    """None where no line holds a digit. The clues are weighed as the model's card says, unless told otherwise."""
    found = proposals(ink, engine, weights or Weights.of_card(engine.artifact.card.thresholds))
    if not found:
        return None
    best, strip = max(found, key=lambda pair: pair[0].worth)
    trace("line", strip.image)
    trace("digits", np.hstack([digit.input for digit in best.digits]))
    return best


def proposals(ink: Ink, engine: Engine, weights: Weights) -> list[tuple[Found, Strip]]:
    """Every number that the picture may show, and the strip it was read from."""
    candidates = [(region, strip) for region in find_regions(ink) if (strip := cut_strip(region.strength, region.box))]
    logits = engine.read_strips([strip.image for _, strip in candidates])
    read = [
        (region, strip, read_texts(said, TEXTS, hopeless=HOPELESS))
        for (region, strip), said in zip(candidates, logits, strict=True)
    ]
    read.sort(key=lambda row: -promise(row[2][0], row[0]))
    if read and read[0][2][0].confidence > SURE:
        read = read[:1]
    eye = Eye(engine)
    return [
        (number, strip)
        for region, strip, texts in read[:REGIONS]
        for number in numbers(region, strip, texts, eye, weights)
    ]


def promise(text: Text, region: Region) -> float:
    return float(text.confidence * len(text.digits) * np.sqrt(region.share))


def numbers(region: Region, strip: Strip, texts: Sequence[Text], eye: Eye, weights: Weights) -> Iterator[Found]:
    if region.cells:
        yield from in_cells(region, texts, eye, weights, unread=BOXED)
        return
    pieces = tall_pieces(region)
    apart = standing_apart(pieces, region.box[3])
    if apart and all(len(text.digits) != len(apart) for text in texts):  # the line network overlooked one, or saw two
        said = [text.confidence for text in texts]
        unread = max(0.0, min(*said, 1 - sum(said)))  # no likelier than what it read, nor than all that it left open
        yield from in_cells(replace(region, cells=apart), texts, eye, weights, unread=unread)
    cutter = Cutter(region, strip)
    for text in texts:
        if not text.digits:
            continue
        rival = max((other.confidence for other in texts if other is not text), default=0.0)
        for parts in ways(cutter, text):
            pairs = [(part, belief) for part, belief in zip(parts, text.beliefs, strict=True) if part]
            if pairs:
                looks = eye.look([part for part, _ in pairs])
                lost = 0.5 ** (len(parts) - len(pairs))
                split = log_split([look.part.box for look in looks], pieces, region, eye)
                beliefs = [belief for _, belief in pairs]
                yield weigh(region, looks, beliefs, text.confidence * lost, rival, weights, split)


def ways(cutter: Cutter, text: Text) -> Iterator[list[Part | None]]:
    """To cut the line: loosely, and stiffly where that makes a difference."""
    loose = cutter.cut(text.steps, LOOSE)
    yield loose
    if any(part and part.cut for part in loose):
        yield cutter.cut(text.steps, STIFF)


def log_split(digits: Sequence[Box], pieces: Sequence[Box], region: Region, eye: Eye) -> float:
    """Log probability that no piece of ink in which several digits were read is one digit."""
    middles = [x + width / 2 for x, _, width, _ in digits]
    split = tuple(box for box in pieces if sum(box[0] <= middle <= box[0] + box[2] for middle in middles) > 1)
    looks = eye.look(cut_cells(replace(region, cells=split)))
    return float(sum(np.log1p(ODD - look.probabilities.max() * look.is_digit) for look in looks))


def in_cells(region: Region, texts: Sequence[Text], eye: Eye, weights: Weights, unread: float) -> Iterator[Found]:
    """The line network has its say if it saw as many digits as there are boxes with ink; if not, `unread` is its
    probability."""
    looks = eye.look(cut_cells(region))
    if not looks:
        return
    text = next((text for text in texts if len(text.digits) == len(looks)), None)
    beliefs = text.beliefs if text else [(0.1,) * 10] * len(looks)
    rival = max((other.confidence for other in texts if other is not text), default=0.0)
    yield weigh(region, looks, beliefs, text.confidence if text else unread, rival, weights, split=0.0)


def weigh(
    region: Region,
    looks: Sequence[Look],
    beliefs: Sequence[Sequence[float]],
    line: float,
    rival: float,
    weights: Weights,
    split: float,
) -> Found:
    digits = tuple(digit_of(region, look, belief, weights) for look, belief in zip(looks, beliefs, strict=True))
    whole = max(float(region.strength.sum()) / region.share, 1e-6)
    explained = min(1.0, sum(look.part.ink for look in looks) / whole)
    seen = sum(
        np.log(look.probabilities[d.digit] * look.is_digit + FAINTEST) for look, d in zip(looks, digits, strict=True)
    )
    overlooked = len(digits) * (1 - explained) / max(explained, 0.1)
    clues = np.array(
        [np.log(line + 1e-6), seen, len(looks), np.log(explained + 0.05), -overlooked, np.log(region.share), split]
    )
    return Found(digits, line, rival, explained, clues, float(weights.worth @ clues))


def digit_of(region: Region, look: Look, belief: Sequence[float], weights: Weights) -> FoundDigit:
    """What either network says of one digit, together; a bad cut says little."""
    standing: Standing = "boxed" if region.cells else "cut" if look.part.cut else "whole"
    seen = look.probabilities * look.is_digit + (1 - look.is_digit) / 10 + 1e-3
    words = np.stack([np.log(np.array(belief) + 1e-6), np.log(seen)], axis=1)  # (10, 2)
    logs = words @ weights.says[standing]
    shares = np.exp(logs - logs.max())
    return FoundDigit(look.part.box, look.part.input, shares / shares.sum(), look.is_digit, standing, words)
