"""The expectation: what a number may look like, known before it is read.

Length counts digits. Decimals, minimum, maximum and steps apply to the value; the pattern and the allowed values to the
written form. With several lines, all apply to each line.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache

from mlcore.reading.expectations.check_digits import CHECKS, Check, WeightedModulus
from mlcore.reading.expectations.patterns import Pattern
from mlcore.reading.written import DecimalRule, find_value

MAX_DIGITS, MAX_DECIMALS, MAX_VALUES = 40, 12, 10_000
MAX_VALUE = 2 * MAX_DIGITS  # characters of an allowed number, signs included
LEADING_SIGNS = ("-", "+")

Interval = tuple[Decimal | None, Decimal | None]  # both ends belong to it; None is open


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the greatest of a count."""

    least: int
    most: int

    def __contains__(self, count: int) -> bool:
        return self.least <= count <= self.most


@dataclass(frozen=True, slots=True)
class Previous:
    """The value that was read before. The new one is at most `step` above it and never below.

    A counter of `wraps_at` = 100000 goes on with 0 after 99999.
    """

    value: Decimal
    step: Decimal | None = None
    wraps_at: Decimal | None = None

    def __post_init__(self) -> None:
        if self.value < 0 or (self.step is not None and self.step < 0):
            raise ValueError("The previous value and the largest step cannot be negative.")
        if self.wraps_at is not None and (self.step is None or not self.value < self.wraps_at > self.step):
            raise ValueError("A counter that starts again needs a largest step, and its end lies above both.")

    def intervals(self) -> list[Interval]:
        if self.step is None:
            return [(self.value, None)]
        last = self.value + self.step
        if self.wraps_at is None or last < self.wraps_at:
            return [(self.value, last)]
        return [(self.value, self.wraps_at), (Decimal(0), last - self.wraps_at)]


@dataclass(frozen=True, slots=True)
class Expectation:
    """The form that a number may have. Raise ValueError, with a text to show, if its parts contradict each other."""

    digits: Range | None = None
    decimals: Range | None = None
    may_have_sign: bool = True
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    values: frozenset[str] = frozenset()  # allowed written forms; none means all
    pattern: Pattern | None = None
    check: Check | None = None
    previous: Previous | None = None
    decimal: DecimalRule | None = None  # what a point and a comma mean, where `decimals` does not settle it
    intervals: tuple[Interval, ...] = field(init=False, repr=False, compare=False)  # in which the value may lie

    def __post_init__(self) -> None:
        _check_range(self.digits, 1, MAX_DIGITS, "digits")
        _check_range(self.decimals, 0, MAX_DECIMALS, "decimals")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("The minimum is greater than the maximum.")
        if len(self.values) > MAX_VALUES:
            raise ValueError(f"At most {MAX_VALUES:,} values can be allowed.")
        if any(len(value) > MAX_VALUE for value in self.values):
            raise ValueError(f"An allowed number has at most {MAX_VALUE} characters.")
        bounds = (self.minimum, self.maximum)
        before: list[Interval] = self.previous.intervals() if self.previous else [(None, None)]
        common = (_intersect(interval, bounds) for interval in before)
        object.__setattr__(self, "intervals", tuple(interval for interval in common if interval))

    @property
    def is_empty(self) -> bool:
        """Return whether every number fits."""
        return self == Expectation(decimal=self.decimal)

    @property
    def decimal_rule(self) -> DecimalRule | None:
        """Return what settles the meaning of a comma: a known number of decimals before a known mark."""
        if self.decimals and self.decimals.least == self.decimals.most:
            return self.decimals.least
        return self.decimal

    @property
    def needs_value(self) -> bool:
        return any(part is not None for part in (self.decimals, self.minimum, self.maximum, self.previous))

    @property
    def is_bounded(self) -> bool:
        """Return whether the value has to lie in an interval."""
        return any(part is not None for part in (self.minimum, self.maximum, self.previous))

    def fits(self, written: str) -> bool:
        """Return whether one line, as it is written, is expected."""
        digits = bare_digits(written)
        return (
            (self.digits is None or len(digits) in self.digits)
            and (self.may_have_sign or not written.startswith(LEADING_SIGNS))
            and (not self.values or written in self.values)
            and (self.pattern is None or self.pattern.fits(written))
            and (self.check is None or self.check(digits))
            and (not self.needs_value or self._fits_value(find_value(written, self.decimal_rule)))
        )

    def may_begin(self, prefix: str) -> bool:
        """Return whether a written form that begins like this may still fit. It is never False for one that does."""
        return (
            (self.digits is None or len(bare_digits(prefix)) <= self.digits.most)
            and (self.may_have_sign or not prefix.startswith(LEADING_SIGNS))
            and (not self.values or prefix in _beginnings_of(self.values))
            and (self.pattern is None or self.pattern.may_begin(prefix))
            and self._may_reach_value(prefix)
        )

    def may_be(self, written: str) -> bool:
        """Return whether one line fits but for its check digit, which the digit network has still to judge."""
        return (self if self.check is None else replace(self, check=None)).fits(written)

    def _fits_value(self, value: str | None) -> bool:
        if value is None:
            return False
        if self.decimals and len(value.partition(".")[2]) not in self.decimals:
            return False
        number = Decimal(value)
        wraps_at = self.previous.wraps_at if self.previous else None
        if wraps_at is not None and number >= wraps_at:
            return False
        return any(_contains(interval, number) for interval in self.intervals)

    def may_reach(self, least: str, greatest: str) -> bool:
        """Return whether a value between those of two written forms may be expected. Their signs are the same."""
        values = [find_value(written, self.decimal_rule) for written in (least, greatest)]
        if None in values:
            return False
        low, high = sorted(Decimal(value) for value in values if value is not None)
        return any(_intersect(interval, (low, high)) for interval in self.intervals)

    def _may_reach_value(self, prefix: str) -> bool:
        """Return whether more digits can bring a number that begins with these into one of the intervals."""
        if not self.needs_value or not prefix.isdigit() or not prefix.isascii():
            return True
        is_whole = self.decimals is not None and self.decimals.most == 0
        most_digits = self.digits.most if self.digits else MAX_DIGITS
        number, most_more = int(prefix), max(0, most_digits - len(prefix))
        if not is_whole:  # the decimals may begin behind any digit
            reached = (Decimal(number), Decimal((number + 1) * 10**most_more))
            return any(_intersect(interval, reached) for interval in self.intervals)
        for low, high in self.intervals:
            for more in range(most_more + 1):
                least = number * 10**more
                if high is not None and least > high:
                    break
                if low is None or low <= least + 10**more - 1:
                    return True
        return False


@lru_cache(maxsize=16)  # a search asks for thousands of beginnings
def _beginnings_of(values: frozenset[str]) -> frozenset[str]:
    return frozenset(value[:length] for value in values for length in range(len(value) + 1))


def bare_digits(written: str) -> str:
    """Return the digits of a written form, those of all its lines in a row."""
    return "".join(character for character in written if character in "0123456789")


def find_check(name: str) -> Check:
    """Return a check by its name, or one of `weights:3,1,3 mod 10`. Raise ValueError for any other."""
    if name in CHECKS:
        return CHECKS[name]
    weights, separator, modulus = name.removeprefix("weights:").partition(" mod ")
    if not name.startswith("weights:") or not separator:
        raise ValueError(f"There is no check digit {name[:40]!r}. There are: {', '.join(sorted(CHECKS))}.")
    try:
        return WeightedModulus(tuple(_small_int(weight) for weight in weights.split(",")), _small_int(modulus))
    except OverflowError:
        raise ValueError("The weights and the modulus of a check digit are whole numbers.") from None


def _small_int(text: str) -> int:
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdigit() and len(stripped) < 4):
        raise OverflowError
    return int(stripped)


def _check_range(counts: Range | None, least: int, most: int, name: str) -> None:
    if counts and not least <= counts.least <= counts.most <= most:
        raise ValueError(f"The number of {name} is {least} to {most}, the smaller one first.")


def _intersect(first: Interval, second: Interval) -> Interval | None:
    lows = [low for low in (first[0], second[0]) if low is not None]
    highs = [high for high in (first[1], second[1]) if high is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    return None if low is not None and high is not None and low > high else (low, high)


def _contains(interval: Interval, number: Decimal) -> bool:
    low, high = interval
    return (low is None or low <= number) and (high is None or number <= high)
