"""The check digits: schemes by which the last digits of a number follow from the others.

From the left, each digit leads from one remainder to the next, and a number is right if its last remainder is. So a
search knows for each beginning which digits can still follow.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MAX_WEIGHTS, MAX_WEIGHT, MAX_MODULUS = 40, 99, 99
GTIN_LENGTHS, GTIN_WEIGHTS = (8, 12, 13, 14), (1, 3)
BOOKLAND = ("9", "7", "89")  # the first three digits of an ISBN with 13
NO_BOOK = 10  # stands for the remainder of a number that begins otherwise


@dataclass(frozen=True, slots=True)
class RemainderRule:
    """The rule of a scheme for numbers of one length."""

    modulus: int  # remainders are 0 to modulus - 1
    step: Callable[[int, int, int], int]  # the remainder before, a digit, and how many digits follow it → the next one
    first: int = 0  # the remainder before the first digit
    right: int = 0  # the remainder behind the last digit of a right number

    def is_right(self, digits: str) -> bool:
        remainder = self.first
        for place, digit in enumerate(digits, start=1):
            remainder = self.step(remainder, int(digit), len(digits) - place)
        return remainder == self.right


class Check(ABC):
    """A scheme. It is called with the digits of a number and returns whether they are right."""

    __slots__ = ()

    def __call__(self, digits: str) -> bool:
        rule = self.rule_for(len(digits))
        return rule is not None and rule.is_right(digits)

    @abstractmethod
    def rule_for(self, length: int) -> RemainderRule | None:
        """Return the rule for so many digits, or None where no number has as many."""


@dataclass(frozen=True, slots=True)
class PublishedScheme(Check):
    """A published scheme."""

    find_rule: Callable[[int], RemainderRule | None]

    def rule_for(self, length: int) -> RemainderRule | None:
        return self.find_rule(length)


@dataclass(frozen=True, slots=True)
class WeightedModulus(Check):
    """A scheme of somebody's own: the sum of weight times digit is a multiple of the modulus.

    The weights count from the left, so a number has as many digits as there are weights.
    """

    weights: tuple[int, ...]
    modulus: int

    def __post_init__(self) -> None:
        if not 2 <= len(self.weights) <= MAX_WEIGHTS:
            raise ValueError(f"A check digit needs 2 to {MAX_WEIGHTS} weights.")
        if any(not 0 <= weight <= MAX_WEIGHT for weight in self.weights):
            raise ValueError(f"The weights of a check digit are 0 to {MAX_WEIGHT}.")
        if not 2 <= self.modulus <= MAX_MODULUS:
            raise ValueError(f"The modulus of a check digit is 2 to {MAX_MODULUS}.")

    def rule_for(self, length: int) -> RemainderRule | None:
        return weighted_sum(self.modulus, self.weights[::-1]) if length == len(self.weights) else None


@dataclass(frozen=True, slots=True)
class RemainderSteps:
    """The rule for numbers of one length as a table."""

    after: NDArray[np.int8]  # (N, modulus, 10): the next remainder by place, remainder before and digit
    first: int
    right: int


@lru_cache(maxsize=16)  # numbers of few lengths are read again and again
def remainder_steps(check: Check | None, length: int) -> RemainderSteps | None:
    """Return the steps of a check, or None where no number has so many digits. Without a check all steps lead to 0."""
    rule = check.rule_for(length) if check else RemainderRule(1, lambda *_: 0)
    if rule is None:
        return None
    after = [
        [[rule.step(remainder, digit, following) for digit in range(10)] for remainder in range(rule.modulus)]
        for following in reversed(range(length))
    ]
    return RemainderSteps(np.array(after, np.int8), rule.first, rule.right)


def have_right_check(numbers: NDArray[np.intp], check: Check | None) -> NDArray[np.bool_]:
    """Return for each number, a row of digits (K, N), whether its check digit is right. Without a check all are."""
    steps = remainder_steps(check, numbers.shape[1])
    if steps is None:
        return np.zeros(len(numbers), np.bool_)
    remainders = np.full(len(numbers), steps.first)
    for place, digits in enumerate(numbers.T):
        remainders = steps.after[place, remainders, digits]
    return np.asarray(remainders == steps.right)


def weighted_sum(modulus: int, weights: tuple[int, ...]) -> RemainderRule:
    """Return the rule of weights that count from the right. They start again behind the last one."""
    return RemainderRule(
        modulus,
        lambda remainder, digit, following: (remainder + weights[following % len(weights)] * digit) % modulus,
    )


def luhn(length: int) -> RemainderRule | None:
    """Return the rule of payment cards and many customer numbers (ISO/IEC 7812)."""

    def step(remainder: int, digit: int, following: int) -> int:
        return (remainder + (sum(divmod(2 * digit, 10)) if following % 2 else digit)) % 10

    return RemainderRule(10, step) if length > 1 else None


def gtin(length: int) -> RemainderRule | None:
    """Return the rule of article numbers of 8, 12, 13 or 14 digits: EAN, UPC or GTIN."""
    return weighted_sum(10, GTIN_WEIGHTS) if length in GTIN_LENGTHS else None


def isbn(length: int) -> RemainderRule | None:
    """Return the rule of book numbers of 10 or 13 digits. A final X is no digit, so such numbers never fit."""
    if length == 10:
        return weighted_sum(11, tuple(range(1, 11)))
    add = weighted_sum(10, GTIN_WEIGHTS).step

    def step(remainder: int, digit: int, following: int) -> int:
        place = 12 - following
        if remainder == NO_BOOK or (place < len(BOOKLAND) and str(digit) not in BOOKLAND[place]):
            return NO_BOOK
        return add(remainder, digit, following)

    return RemainderRule(11, step) if length == 13 else None


def iso7064_11_2(length: int) -> RemainderRule | None:
    """Return the rule of ISO 7064 mod 11-2, as in an ORCID. A final X never fits."""
    return RemainderRule(11, lambda before, digit, _: (before * 2 + digit) % 11, right=1) if length > 1 else None


def iso7064_11_10(length: int) -> RemainderRule | None:
    """Return the rule of ISO 7064 mod 11,10, as in a German tax number."""

    def step(product: int, digit: int, following: int) -> int:
        total = (product + digit) % 10
        return (total or 10) * 2 % 11 if following else total

    return RemainderRule(11, step, first=10, right=1) if length > 1 else None


def iso7064_97_10(length: int) -> RemainderRule | None:
    """Return the rule of ISO 7064 mod 97-10, whose last two digits are check digits."""
    return RemainderRule(97, lambda before, digit, _: (before * 10 + digit) % 97, right=1) if length > 2 else None


CHECKS: Mapping[str, Check] = {
    "luhn": PublishedScheme(luhn),
    "gtin": PublishedScheme(gtin),
    "isbn": PublishedScheme(isbn),
    "iso7064-11-2": PublishedScheme(iso7064_11_2),
    "iso7064-11-10": PublishedScheme(iso7064_11_10),
    "iso7064-97-10": PublishedScheme(iso7064_97_10),
}
