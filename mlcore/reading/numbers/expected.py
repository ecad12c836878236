"""The choice of a number under an expectation: the best reading that fits, unless the ink clearly shows another one."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from mlcore.reading.arrays import Floats
from mlcore.reading.expectations.check_digits import RemainderSteps, have_right_check, remainder_steps
from mlcore.reading.expectations.expectation import Expectation
from mlcore.reading.numbers.found import FoundNumber, FoundSign
from mlcore.reading.written import write_number

MAX_STEPS = 2_000  # of the search for the texts of one proposal that fit
LEAST_LOG_SHARE = -6.0  # less probable texts beside the best that fits do not count for the digits' probabilities
TINY = 1e-12
SCORE_WEIGHT = 0.5  # of a proposal's score beside its digits' log probabilities; chosen on numbers of training digits
MISFIT_SHARE = 0.05  # of the numbers are assumed not to fit their expectation
MIN_FITTING = 0.1  # probability that the number fits; below it the free reading is kept
COMMON_SHARE = 0.1  # of random numbers; where fewer fit, one that fits is seldom in reach of the ink by chance
SAMPLES = 300  # random numbers that are compared with an expectation
LEAST_COMMONNESS = 1 / (SAMPLES + 1) / COMMON_SHARE  # where none of these fits

Digits = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FittingDigits:
    """The digits of a proposal that fit best."""

    digits: Digits
    log_weight: float  # of the proposal, less what these digits are less probable than its most probable ones


def choose_expected(proposals: Sequence[FoundNumber], expectation: Expectation) -> tuple[int, FoundNumber]:
    """Return the place of the best proposal that fits, and this proposal with the digits that fit.

    Where the ink clearly shows a number that does not fit, it is this one, marked as such.
    """
    free = max(range(len(proposals)), key=lambda place: proposals[place].score)
    fitting = {place: found for place, each in enumerate(proposals) if (found := fit_proposal(each, expectation))}
    if not fitting:
        return free, replace(proposals[free], fitting=0.0)
    place = max(fitting, key=lambda each: fitting[each].log_weight)
    best = with_digits(proposals[place], fitting[place].digits)
    is_free = best.written == proposals[free].written
    probability = 1.0 if is_free else probability_of_fit(fitting[place].log_weight - log_weight(proposals[free]))
    if is_too_improbable(probability, best, expectation):
        return free, replace(proposals[free], fitting=0.0)
    lines = {proposals[each].line for each in fitting}
    rival = max(lines - {best.line}, default=0.0)
    total = max(sum(lines), TINY)  # a line network that is certain of another text leaves nothing to those that fit
    chosen = share_among_fits(best, expectation)
    free_number = proposals[free] if is_free else None
    return place, replace(chosen, line=chosen.line / total, rival=rival / total, fitting=probability, free=free_number)


def log_weight(found: FoundNumber) -> float:
    """Return the logarithm of how probable a proposal is beside others of the same picture."""
    return SCORE_WEIGHT * found.score


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


def is_too_improbable(probability: float, found: FoundNumber, expectation: Expectation) -> bool:
    """Return whether the free reading is kept although this number fits. Where few numbers fit, it takes more."""
    if not LEAST_COMMONNESS * MIN_FITTING <= probability < MIN_FITTING:
        return probability < MIN_FITTING
    return probability < MIN_FITTING * commonness_of_fits(found, expectation)


def commonness_of_fits(found: FoundNumber, expectation: Expectation) -> float:
    """Return the share of random numbers with these signs that fit, divided by `COMMON_SHARE`; 1 at most."""
    count = len(found.digits)
    texts = np.random.default_rng(count).integers(0, 10, (SAMPLES, count))
    checked = texts[have_right_check(texts, expectation.check)].tolist()
    fits = sum(expectation.fits(write_number("".join(map(str, row)), found.signs)) for row in checked)
    return min(1.0, (fits + 1) / (SAMPLES + 1) / COMMON_SHARE)


def fit_proposal(found: FoundNumber, expectation: Expectation) -> FittingDigits | None:
    """Return the most probable digits of the proposal that fit, or None where no probable ones do."""
    if expectation.digits and len(found.digits) not in expectation.digits:
        return None
    rows = digit_rows(found)
    best = next(fitting_texts(rows, found.signs, expectation), None)
    if best is None:
        return None
    digits, log = best
    return FittingDigits(digits, log_weight(found) - (float(np.log(rows.max(axis=1) + TINY).sum()) - log))


def with_digits(found: FoundNumber, digits: Digits) -> FoundNumber:
    chosen = tuple(replace(digit, expected=value) for digit, value in zip(found.digits, digits, strict=True))
    return replace(found, digits=chosen)


def share_among_fits(found: FoundNumber, expectation: Expectation) -> FoundNumber:
    """Return the number with the probabilities that each digit has among the texts that fit."""
    shares = np.full((len(found.digits), 10), 1e-6)
    best_log = None
    for digits, log in fitting_texts(digit_rows(found), found.signs, expectation):
        best_log = log if best_log is None else best_log
        if log < best_log + LEAST_LOG_SHARE:
            break
        shares[np.arange(len(digits)), digits] += np.exp(log - best_log)
    shares /= shares.sum(axis=1, keepdims=True)
    return replace(
        found,
        digits=tuple(replace(digit, probabilities=row) for digit, row in zip(found.digits, shares, strict=True)),
    )


def digit_rows(found: FoundNumber) -> Floats:  # (N, 10)
    return np.stack([digit.probabilities for digit in found.digits])


def fitting_texts(rows: Floats, signs: Sequence[FoundSign], expectation: Expectation) -> Iterator[tuple[Digits, float]]:
    """Yield the texts that fit, with their log probabilities, the most probable first. The digits are independent.

    A search by the best that each beginning can still become: a beginning that cannot fit is not extended. What it
    can become is known exactly as far as the check digit goes. The signs stand, so the value lies between those with
    the smallest and the greatest digits behind the beginning.
    """
    steps = remainder_steps(expectation.check, len(rows))
    if steps is None:
        return
    logs = np.log(rows + TINY)
    options = best_ends(logs, steps)
    ranked = cache(lambda place, remainder: rank_options(options[place, remainder]))
    # The cost of the best text, the digits before, their log probability and remainder, and the rank of the next one.
    waiting: list[tuple[float, Digits, float, int, int]] = []

    def wait(before: Digits, log: float, remainder: int, rank: int) -> None:
        ends = ranked(len(before), remainder)
        if rank < len(ends):
            heapq.heappush(waiting, (-log - ends[rank][0], before, log, remainder, rank))

    wait((), 0.0, steps.first, 0)
    for _ in range(MAX_STEPS):
        if not waiting:
            return
        cost, before, log, remainder, rank = heapq.heappop(waiting)
        wait(before, log, remainder, rank + 1)
        place = len(before)
        digit = ranked(place, remainder)[rank][1]
        digits = (*before, digit)
        text = "".join(map(str, digits))
        if len(digits) == len(rows):
            if expectation.fits(write_number(text, signs)):
                yield digits, -cost
        elif may_become_fitting(text, len(rows), signs, expectation):
            wait(digits, log + float(logs[place, digit]), int(steps.after[place, remainder, digit]), 0)


def may_become_fitting(beginning: str, length: int, signs: Sequence[FoundSign], expectation: Expectation) -> bool:
    """Return whether a text of this length that begins like this may fit, but for its check digit."""
    signs_before = [sign for sign in signs if sign.before_glyph < len(beginning)]
    if not expectation.may_begin(write_number(beginning, signs_before)):
        return False
    return not expectation.is_bounded or expectation.may_reach(
        *(write_number(beginning.ljust(length, digit), signs) for digit in "09")
    )


def best_ends(logs: Floats, steps: RemainderSteps) -> Floats:
    """Return the log probability of the most probable digits from each place on, by its remainder and digit (N, M, 10).

    Only digits that lead to the right remainder count; it is -inf where there are none.
    """
    options = np.empty(steps.after.shape)
    rests = np.full(steps.after.shape[1], -np.inf)  # by remainder: of the digits behind the place
    rests[steps.right] = 0.0
    for place in reversed(range(len(logs))):
        options[place] = logs[place] + rests[steps.after[place]]
        rests = options[place].max(axis=1)
    return options


def rank_options(options: Floats) -> list[tuple[float, int]]:  # (10,)
    """Return the possible digits of one place, the best first, each with the log probability of its best text."""
    return sorted(((log, digit) for digit, log in enumerate(options.tolist()) if log > -np.inf), reverse=True)
