"""The number that was found in a picture: its digits and signs, with what both networks say of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import Floats, InkBox
from mlcore.reading.numbers.weights import Placement
from mlcore.reading.written import write_number


@dataclass(frozen=True, slots=True)
class FoundDigit:
    """One digit of a number."""

    box: InkBox
    input: NDArray[np.uint8]  # (28, 28)
    probabilities: Floats  # (10,) of both networks together, sum 1
    is_digit: float  # by the digit network
    placement: Placement
    log_probabilities: Floats  # (10, 2) by each network, in the order of weights.NETWORKS
    expected: int | None = None  # the digit that an expectation chose

    @property
    def digit(self) -> int:
        return int(self.probabilities.argmax()) if self.expected is None else self.expected


@dataclass(frozen=True, slots=True)
class FoundSign:
    """One sign of a number, which the line network read."""

    sign: str
    before_glyph: int  # index of the digit that follows; the number of digits at the end
    box: InkBox
    confidence: float
    ink: float  # sum of its strength


@dataclass(frozen=True, slots=True)
class FoundNumber:
    """A proposed number and the values from which its confidence follows."""

    digits: tuple[FoundDigit, ...]
    line: float  # the line network's probability of the proposed text
    rival: float  # the probability of its best other text
    explained: float  # share of the picture's ink that belongs to the digits and signs
    features: Floats  # (7,) in the order of weights.SCORE_FEATURES
    score: float  # the weighted sum of the features; the proposal with the highest one is read
    signs: tuple[FoundSign, ...] = ()  # from left to right
    is_in_printed_boxes: bool = False
    signs_confidence: float = 1.0  # that these are the signs, where the digits are right
    noise: float = 0.0  # of the picture's paper
    fitting: float | None = None  # with an expectation: the probability that the number fits it; 0 if this one does not
    free: "FoundNumber | None" = None  # with an expectation: the number without it, where both are written alike

    @property
    def text(self) -> str:
        return "".join(str(found.digit) for found in self.digits)

    @property
    def written(self) -> str:
        return write_number(self.text, self.signs)
