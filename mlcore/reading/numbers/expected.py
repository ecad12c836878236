"""The choice of a number under an expectation: the best reading that fits, unless the ink clearly shows another one."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mlcore.reading.arrays import Floats
from mlcore.reading.expectations.expectation import Expectation
from mlcore.reading.numbers.found import FoundNumber, FoundSign
from mlcore.reading.written import write_number

MAX_STEPS = 2_000  # of the search for the texts of one proposal that fit
LEAST_LOG_SHARE = -6.0  # less probable texts beside the best that fits do not count for the digits' probabilities
TINY = 1e-12
MISFIT_SHARE = 0.05  # of the numbers are assumed not to fit their expectation
MIN_FITTING = 0.1  # probability that the number fits; below it the free reading is kept
COMMON_SHARE = 0.1  # of random numbers; where fewer fit, one that fits is seldom in reach of the ink by chance
SAMPLES = 300  # random numbers that are compared with an expectation


@dataclass(frozen=True, slots=True)
class FittingNumber:
    """A proposal with the digits that fit best."""

    number: FoundNumber
    score: float  # that of the proposal, less what these digits are less probable than its most probable ones


def choose_expected(proposals: Sequence[FoundNumber], expectation: Expectation) -> tuple[int, FoundNumber]:
    """Return the place of the best proposal that fits, and this proposal with the digits that fit.

    Where the ink clearly shows a number that does not fit, it is this one, marked as such.
    """
    free = max(range(len(proposals)), key=lambda place: proposals[place].score)
    fitting = {place: found for place, each in enumerate(proposals) if (found := fit_number(each, expectation))}
    if not fitting:
        return free, replace(proposals[free], fitting=0.0)
    place = max(fitting, key=lambda place: fitting[place].score)
    best = fitting[place]
    is_free = best.number.written == proposals[free].written
    probability = 1.0 if is_free else probability_of_fit(best.score - proposals[free].score)
    if probability < MIN_FITTING and probability < MIN_FITTING * commonness_of_fits(best.number, expectation):
        return free, replace(proposals[free], fitting=0.0)
    lines = {found.number.line for found in fitting.values()}
    rival = max(lines - {best.number.line}, default=0.0)
    total = max(sum(lines), TINY)  # a line network that is certain of another text leaves nothing to those that fit
    return place, replace(best.number, line=best.number.line / total, rival=rival / total, fitting=probability)


def fit_digit(probabilities: Floats, expectation: Expectation) -> tuple[int, Floats, float]:
    """Return the best digit that fits, the probabilities among the digits that do, and the probability of the fit.

    Where the ink clearly shows another digit, return that one and a probability of 0.
    """
    best = int(probabilities.argmax())
    fits = np.array([expectation.fits(str(digit)) for digit in range(10)])
    shares = np.where(fits, probabilities + 1e-6, 0.0)
    chosen = int(shares.argmax())
    if not fits.any():
        return best, probabilities, 0.0
    log_advantage = float(np.log((probabilities[chosen] + 1e-9) / (probabilities[best] + 1e-9)))
    fitting = 1.0 if chosen == best else probability_of_fit(log_advantage)
    return (chosen, shares / shares.sum(), fitting) if fitting >= MIN_FITTING else (best, probabilities, 0.0)


def probability_of_fit(log_advantage: float) -> float:
    """Return the probability of a reading that fits, by the logarithm of its advantage over the best that does not."""
    advantage = np.exp(min(0.0, log_advantage))
    return float(advantage / (advantage + MISFIT_SHARE))


def commonness_of_fits(found: FoundNumber, expectation: Expectation) -> float:
    """Return the share of random numbers with these signs that fit, divided by `COMMON_SHARE`; 1 at most."""
    count = len(found.digits)
    texts = np.random.default_rng(count).integers(0, 10, (SAMPLES, count))
    fits = sum(expectation.fits(write_number("".join(map(str, row)), found.signs)) for row in texts.tolist())
    return min(1.0, (fits + 1) / (SAMPLES + 1) / COMMON_SHARE)


def fit_number(found: FoundNumber, expectation: Expectation) -> FittingNumber | None:
    """Return the proposal with the most probable digits that fit, or None where no probable ones do.

    The probabilities of each digit are those among the texts that fit.
    """
    if expectation.digits and len(found.digits) not in expectation.digits:
        return None
    rows = np.stack([digit.probabilities for digit in found.digits])  # (N, 10)
    shares = np.full_like(rows, 1e-6)
    best = None
    for digits, log in fitting_texts(rows, found.signs, expectation):
        best = best or (digits, log)
        if log < best[1] + LEAST_LOG_SHARE:
            break
        shares[np.arange(len(digits)), digits] += np.exp(log - best[1])
    if best is None:
        return None
    shares /= shares.sum(axis=1, keepdims=True)
    chosen = tuple(
        replace(digit, probabilities=row, expected=value)
        for digit, row, value in zip(found.digits, shares, best[0], strict=True)
    )
    less = float(np.log(rows.max(axis=1) + TINY).sum()) - best[1]
    return FittingNumber(replace(found, digits=chosen), found.score - less)


def fitting_texts(
    rows: Floats, signs: Sequence[FoundSign], expectation: Expectation
) -> Iterator[tuple[tuple[int, ...], float]]:
    """Yield the texts that fit, with their log probabilities, the most probable first. The digits are independent.

    A search by the best that each beginning can still become: a beginning that cannot fit is not extended. The signs
    stand, so the value lies between those with the smallest and the greatest digits behind the beginning.
    """
    order = np.argsort(-rows, axis=1)  # (N, 10): digits by rank
    logs = np.log(np.take_along_axis(rows, order, axis=1) + TINY)
    first_rest = float(logs[1:, 0].sum())
    waiting: list[tuple[float, tuple[int, ...], int]] = [(-float(logs[0, 0]) - first_rest, (), 0)]
    for _ in range(MAX_STEPS):
        if not waiting:
            return
        cost, before, rank = heapq.heappop(waiting)  # the digits before, and the rank of the next one
        place = len(before)
        if rank < 9:
            heapq.heappush(waiting, (cost + float(logs[place, rank] - logs[place, rank + 1]), before, rank + 1))
        digits = (*before, int(order[place, rank]))
        is_whole = len(digits) == len(rows)
        text = "".join(map(str, digits))
        if is_whole and expectation.fits(write_number(text, signs)):
            yield digits, -cost
        elif not is_whole and expectation.may_begin(write_number(text, [s for s in signs if s.before_glyph <= place])):
            ends = [write_number(text.ljust(len(rows), digit), signs) for digit in "09"]
            if expectation.may_reach(*ends):
                heapq.heappush(waiting, (cost, digits, 0))
