"""Promises on simulated streams of answers: how many are false, how many are reached, and what they cost.

    python -m bench.promise [--streams 1000] [--answers 20000] [--numbers 1500] [--folder runs/answers]

Each stream draws its answers from one of the tables of `bench.answers`. The person who audits errs in 0.1 % of the
looks, and looks again where an audited answer seems wrong. A promise is false if the error over all sure answers after
it exceeds the wish. It counts as possible where half of the answers can be sure with an error of at most a third of the
wish; for 0.5 % a fifth. `looked` is the share of the sure answers that a person looked at, `best` the share that could
have been sure by the best threshold in hindsight. The lines below the first three leave out a part of the method.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.answers import Answers, add_answers_options, make_tables
from bench.options import create_parser
from mlcore.quality.promise import SHARE_BEFORE, THRESHOLDS, WISHES, Counts, Promise

AUDITOR_ERRS = 0.001
HALF = 0.5  # share of the answers that must be sure where a stream counts as able to keep a wish
MARGINS = {0.005: 0.001, 0.01: 0.0033, 0.02: 0.0067}  # largest true rate of these sure answers, by the wish


class UncorrectedPromise(Promise):
    """A promise whose bound ignores that it is looked at after every audit."""

    def bound(self, place: int) -> float:
        audited = self.evidence.audited[place]
        return min(1.0, plain_boundary(self.evidence.wrong[place]) / audited) if audited else 1.0


class FreePromise(Promise):
    """A promise at whichever threshold looks best on the same audits."""

    def extend(self) -> None:
        good = [place for place in range(len(self.thresholds)) if self.bound(place) <= self.wish]
        if good and (self.promised is None or good[-1] > self.promised):
            self.promised, self.raised = good[-1], None
            self.watched = Counts.of(self.thresholds)


class NaivePromise(FreePromise, UncorrectedPromise):
    """A promise with neither correction."""


METHODS: dict[str, Callable[[float], Promise]] = {
    "as in the product": Promise,
    "looked at without correction": UncorrectedPromise,
    "thresholds searched freely": FreePromise,
    "neither correction": NaivePromise,
}


@cache
def plain_boundary(wrong: int) -> float:
    """Return the expected errors of which `wrong` or fewer are found in 5 % of the cases, at a single look."""
    low, high = 0.0, 20.0 + 3 * wrong
    for _ in range(60):
        middle = (low + high) / 2
        terms = (math.exp(n * math.log(middle) - middle - math.lgamma(n + 1)) for n in range(wrong + 1))
        low, high = (middle, high) if sum(terms) > 0.05 else (low, middle)
    return high


@dataclass(frozen=True)
class Outcome:
    """Result of one simulated stream."""

    was_promised: bool
    is_false: bool
    could_keep: bool
    looked_at: float  # share of the sure answers
    sure: float  # share of all answers that are sure after the promise
    best: float  # share that could be sure by the best threshold in hindsight
    breaks: int


def simulate(promise: Promise, table: Answers, count: int, rng: np.random.Generator) -> Outcome:
    """Run one stream of answers."""
    drawn = rng.integers(len(table.is_right), size=count)
    confidence, is_sure, is_right = table.confidence[drawn], table.is_sure[drawn], table.is_right[drawn]
    dice = rng.random(count)
    auditor_errs = rng.random((count, 2)) < AUDITOR_ERRS
    said_right = is_right != auditor_errs[:, 0]
    said_right |= is_right != auditor_errs[:, 1]  # an answer that seems wrong is looked at again
    chosen = np.flatnonzero((dice < SHARE_BEFORE) & (confidence >= THRESHOLDS[-1]))
    audited: list[int] = []
    thresholds: list[tuple[int, float | None]] = [(0, promise.threshold)]  # from which answer on each is in force
    share = promise.share
    columns = (chosen.tolist(), dice[chosen].tolist(), confidence[chosen].tolist(), said_right[chosen].tolist())
    for place, die, certainty, right in zip(*columns, strict=True):
        if die >= share:
            continue
        audited.append(place)
        promise.add(certainty, right)
        share = promise.share
        if promise.threshold != thresholds[-1][1]:
            thresholds.append((place + 1, promise.threshold))
    for (start, least), (end, _) in zip(thresholds, [*thresholds[1:], (count, None)], strict=True):
        if least is not None:
            is_sure[start:end] = confidence[start:end] >= least
    promised_at = thresholds[1][0] if len(thresholds) > 1 else count
    sure_after = int(is_sure[promised_at:].sum())
    wrong_after = int((is_sure[promised_at:] & ~is_right[promised_at:]).sum())
    return Outcome(
        was_promised=promised_at < count,
        is_false=wrong_after > promise.wish * sure_after,
        could_keep=could_keep(table.name, promise.wish),
        looked_at=float(is_sure[audited].sum() / max(1, is_sure.sum())),
        sure=sure_after / max(1, count - promised_at),
        best=largest_share(table.name, promise.wish),
        breaks=promise.breaks,
    )


@dataclass(frozen=True)
class Thresholds:
    """Results of each threshold on all answers of a table, from the strictest on."""

    shares: NDArray[np.float64]  # of the answers that are sure
    errors: NDArray[np.float64]  # among the sure answers


HINDSIGHT: dict[str, Thresholds] = {}


def look_back(table: Answers) -> Thresholds:
    order = np.argsort(-table.confidence, kind="stable")
    sorted_confidence = table.confidence[order]
    counts = np.arange(1, len(order) + 1)
    is_last = np.append(sorted_confidence[1:] != sorted_confidence[:-1], True) & (sorted_confidence > 0)
    errors = np.cumsum(~table.is_right[order]) / counts
    return Thresholds((counts / len(order))[is_last], errors[is_last])


def could_keep(name: str, wish: float) -> bool:
    """Return whether a threshold with at least half of the answers keeps the wish with a margin."""
    past = HINDSIGHT[name]
    return bool(((past.shares >= HALF) & (past.errors <= MARGINS[wish])).any())


def largest_share(name: str, wish: float) -> float:
    """Return the largest share that could have been sure within the wish."""
    past = HINDSIGHT[name]
    return float(past.shares[past.errors <= wish].max(initial=0.0))


def run(name: str, wish: float, tables: Sequence[Answers], streams: int, answers: int) -> str:
    """Return the line of one method and one wish."""
    rows = [
        simulate(METHODS[name](wish), tables[number % len(tables)], answers, np.random.default_rng([number, 1]))
        for number in range(streams)
    ]
    able = [row for row in rows if row.could_keep]
    promised = [row for row in rows if row.was_promised]
    reached = f"{mean([row.was_promised for row in able])} of {len(able)}"
    return (
        f"{wish:6.1%}  {name:32}{mean([row.is_false for row in rows]):>7}{reached:>24}"
        f"{mean([row.looked_at for row in rows]):>8}{mean([row.sure for row in promised]):>7}"
        f"{mean([row.best for row in promised]):>7}{np.mean([row.breaks for row in rows]):8.2f}"
    )


def mean(values: Sequence[float]) -> str:
    return f"{np.mean(values):.1%}" if values else "-"


def main() -> None:
    parser = create_parser(__doc__)
    add_answers_options(parser)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--answers", type=int, default=20_000, help="in each stream")
    options = parser.parse_args()
    tables = list(make_tables(options.model, options.folder, options.numbers))
    HINDSIGHT.update({table.name: look_back(table) for table in tables})
    titles = f"{'false':>7}{'promised where possible':>24}{'looked':>8}{'sure':>7}{'best':>7}{'breaks':>8}"
    print(f"{'wish':>6}  {'method':32}{titles}")
    for name in METHODS:
        for wish in WISHES:
            print(run(name, wish, tables, options.streams, options.answers), flush=True)


if __name__ == "__main__":
    main()
