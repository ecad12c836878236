"""From ink to a number: which line it is, what the line network reads there, and what each digit looks like.

The line network proposes texts, and with each where its digits stand; the digit network then looks at each
digit's own ink. The text that both like best is read. In printed boxes there is nothing to cut: each box
holds one digit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.ctc import Text, read_texts
from mlcore.reading.engine import Engine
from mlcore.reading.ink import Ink
from mlcore.reading.layout import Box, Region, find_regions
from mlcore.reading.segment import Cutter, Part, cut_cells
from mlcore.reading.strip import Strip, cut_strip
from mlcore.reading.trace import Trace, no_trace

REGIONS, TEXTS = 2, 6  # so many of the likeliest are looked at closely
SURE = 0.9  # a line read with this probability needs no second region to be looked at
HOPELESS = 0.02  # beside the likeliest text
LOOSE, STIFF = 0.08, 1.0  # cuts along the least ink, or nearly straight through where round digits touch
# how much the digit network's word counts about one digit, beside the line network's
SAY_BOXED, SAY_WHOLE, SAY_CUT = 1.0, 0.7, 0.5
LOOKS, EACH, EXPLAINED = 0.3, 0.5, 1.0  # beside the line's own probability: how a whole text is weighed
FAINTEST = 0.01

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FoundDigit:
    box: Box  # in ink px
    input: NDArray[np.uint8]  # (28, 28)
    probabilities: Floats  # (10,) of both networks together, sum 1
    is_digit: float  # the digit network's

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
    worth: float = 0.0  # by which it was preferred

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


def find_number(ink: Ink, engine: Engine, trace: Trace = no_trace) -> Found | None:
    """None where no line holds a digit."""
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
    found = [
        (number, strip) for region, strip, texts in read[:REGIONS] for number in numbers(region, strip, texts, eye)
    ]
    if not found:
        return None
    best, strip = max(found, key=lambda pair: pair[0].worth)
    trace("line", strip.image)
    trace("digits", np.hstack([digit.input for digit in best.digits]))
    return best


def promise(text: Text, region: Region) -> float:
    return float(text.confidence * len(text.digits) * np.sqrt(region.share))


def numbers(region: Region, strip: Strip, texts: Sequence[Text], eye: Eye) -> Iterator[Found]:
    if region.cells:
        yield from in_cells(region, texts, eye)
        return
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
                yield weigh(region, looks, [belief for _, belief in pairs], text.confidence * lost, rival)


def ways(cutter: Cutter, text: Text) -> Iterator[list[Part | None]]:
    """To cut the line: loosely, and stiffly where that makes a difference."""
    loose = cutter.cut(text.steps, LOOSE)
    yield loose
    if any(part and part.cut for part in loose):
        yield cutter.cut(text.steps, STIFF)


def in_cells(region: Region, texts: Sequence[Text], eye: Eye) -> Iterator[Found]:
    """The line network has its say if it saw as many digits as there are boxes with ink."""
    looks = eye.look(cut_cells(region))
    if not looks:
        return
    text = next((text for text in texts if len(text.digits) == len(looks)), None)
    beliefs = text.beliefs if text else [(0.1,) * 10] * len(looks)
    rival = max((other.confidence for other in texts if other is not text), default=0.0)
    yield weigh(region, looks, beliefs, text.confidence if text else 0.5, rival)


def weigh(
    region: Region, looks: Sequence[Look], beliefs: Sequence[Sequence[float]], line: float, rival: float
) -> Found:
    digits = tuple(
        FoundDigit(look.part.box, look.part.input, together(belief, look, say(region, look.part)), look.is_digit)
        for look, belief in zip(looks, beliefs, strict=True)
    )
    whole = max(float(region.strength.sum()) / region.share, 1e-6)
    explained = min(1.0, sum(look.part.ink for look in looks) / whole)
    seen = sum(
        np.log(look.probabilities[d.digit] * look.is_digit + FAINTEST) for look, d in zip(looks, digits, strict=True)
    )
    worth = np.log(line + 1e-6) + LOOKS * seen + EACH * len(looks) + EXPLAINED * np.log(explained + 0.05)
    return Found(digits, line, rival, explained, float(worth + 0.5 * np.log(region.share)))


def say(region: Region, part: Part) -> float:
    """The digit network knows digits that stand alone better than the line network does, and cut ones worse."""
    if region.cells:
        return SAY_BOXED
    return SAY_CUT if part.cut else SAY_WHOLE


def together(belief: Sequence[float], look: Look, share: float) -> Floats:
    """Ten probabilities from what the line network and the digit network say; a bad cut says little."""
    seen = look.probabilities * look.is_digit + (1 - look.is_digit) / 10 + 1e-3
    logs = (1 - share) * np.log(np.array(belief) + 1e-6) + share * np.log(seen)
    shares: Floats = np.exp(logs - logs.max())
    return np.asarray(shares / shares.sum())
