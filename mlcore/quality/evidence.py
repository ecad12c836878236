"""Bounds on an error rate from audited answers, which hold however often somebody looks at them.

Errors among audited answers are counted as a Poisson process. Its time is the number of errors to expect at a rate: the
audited answers times the rate. The boundary gives, for each number of wrong answers, the time from which so few speak
against the rate. A process with this rate ever crosses the boundary with a probability below FALSE_ALARM. So a bound
may be read after every audited answer, and one boundary serves all rates. A Bernoulli process crosses it more rarely.

This holds while the error rate stays the same: audits choose answers without regard to whether they are right.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
FALSE_ALARM = 0.045  # of the bound: below 1 - CONFIDENCE, because the boundary is rounded to whole answers
FALSE_BREAK = 0.045  # that a rate that is kept ever counts as exceeded
MAX_COUNTED = 200  # wrong answers; with more, the bound is scaled
FEWEST_FOR_BREAK = 2  # wrong answers: a single one proves nothing
LOG_FACTORIALS = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, 2 * MAX_COUNTED)))])


@dataclass(frozen=True, slots=True)
class Outcome:
    """Verdict of people on audited answers, one or several alike."""

    is_right: bool
    probability: float  # with which each of them was chosen to be audited
    count: int = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """An error rate with its 95 % interval, which without audited answers is all rates.

    The bound holds at every look. There is none where answers were audited with different probabilities: it counts each
    of them once, and then says nothing of the answers that they were chosen from.
    """

    audited: int
    wrong: int
    rate: float
    low: float
    high: float
    bound: float | None


def upper_bound(audited: int, wrong: int) -> float:
    """Return the one-sided 95 % upper bound of the error rate. It holds at every look."""
    return min(1.0, errors_speaking(wrong) / audited) if audited else 1.0


def needed_audits(rate: float, wrong: int = 0) -> int:
    """Return from how many audited answers on a bound says so, if so many of them are wrong."""
    return math.ceil(errors_speaking(wrong) / rate - 1e-9)


def is_exceeded(rate: float, audited: int, wrong: int) -> bool:
    """Return whether so many wrong answers speak against an error rate of at most `rate`."""
    return wrong >= FEWEST_FOR_BREAK and rate * audited <= errors_excused(wrong)


def errors_speaking(wrong: int) -> float:
    """Return how many errors must be expected, so that finding only `wrong` speaks against the rate."""
    boundary = _upper_boundary()
    last = len(boundary) - 1
    return boundary[wrong] if wrong <= last else wrong * boundary[last] / last


def errors_excused(wrong: int) -> float:
    """Return the largest number of expected errors with which `wrong` found ones show that the rate is higher."""
    boundary = _lower_boundary()
    return boundary[min(wrong, len(boundary) - 1)]


def estimate_error(outcomes: Iterable[Outcome]) -> Estimate:
    """Return the error rate of the answers that the audited ones were chosen from.

    Each outcome counts for all answers that might have been chosen instead of it, by its probability. The interval is
    Wilson's, with as many answers as would be as precise if all had the same probability.
    """
    rows = list(outcomes)
    if not rows:
        return Estimate(0, 0, 0.0, 0.0, 1.0, None)
    counts = np.array([row.count for row in rows])
    weights = np.array([1 / row.probability for row in rows])
    is_wrong = np.array([not row.is_right for row in rows])
    total = float((counts * weights).sum())
    rate = float((counts * weights)[is_wrong].sum()) / total
    low, high = wilson_interval(rate, total**2 / float((counts * weights**2).sum()))
    audited, wrong = int(counts.sum()), int(counts[is_wrong].sum())
    bound = upper_bound(audited, wrong) if len({row.probability for row in rows}) == 1 else None
    return Estimate(audited, wrong, rate, low, high, bound)


def wilson_interval(share: float, count: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` cases."""
    if count <= 0:
        return 0.0, 1.0
    z2 = 1.959964**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = math.sqrt(z2 * (share * (1 - share) / count + z2 / (4 * count**2))) / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def spending(number: int) -> float:
    """Return the share of the false alarms that the boundary's place with this number may cause. The sum is 1."""
    return 1 / ((number + 1) * (number + 2))


@cache
def _upper_boundary() -> tuple[float, ...]:
    """Return the expected errors from which 0, 1, 2 … found errors are too few.

    `going` holds, for each number of errors, the probability of a process that has not crossed yet. From one place to
    the next, so much time passes that the process still has this number of errors with its part of the false alarms.
    """
    going = np.zeros(2 * MAX_COUNTED)
    going[0] = 1.0
    time, boundary = 0.0, []
    for wrong in range(MAX_COUNTED):
        wait = max(0.0, math.log(going[wrong] / (FALSE_ALARM * spending(wrong))))
        going = _after(going, wait)
        going[wrong] = 0.0
        time += wait
        boundary.append(time)
    return tuple(boundary)


@cache
def _lower_boundary() -> tuple[float, ...]:
    """Return the expected errors up to which 0, 1, 2 … found errors are too many. None and one never are."""
    going = np.zeros(MAX_COUNTED)
    going[0] = 1.0
    time, boundary = 0.0, [0.0] * FEWEST_FOR_BREAK
    for wrong in range(FEWEST_FOR_BREAK, MAX_COUNTED // 2):
        allowed = FALSE_BREAK * spending(wrong - FEWEST_FOR_BREAK)
        shortest, longest = 0.0, 4.0
        for _ in range(20):
            wait = (shortest + longest) / 2
            is_longer = _after(going, wait)[wrong:].sum() > allowed
            shortest, longest = (shortest, wait) if is_longer else (wait, longest)
        going = _after(going, shortest)
        going[wrong:] = 0.0
        time += shortest
        boundary.append(time)
    return tuple(boundary)


def _after(counts: NDArray[np.float64], time: float) -> NDArray[np.float64]:
    """Return the probabilities of the numbers of errors after some time, in which one error per unit is expected."""
    if time == 0:
        return counts
    numbers = np.arange(len(counts))
    arrivals = np.exp(numbers * math.log(time) - time - LOG_FACTORIALS[: len(counts)])
    return np.convolve(counts, arrivals)[: len(counts)]
