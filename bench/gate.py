"""The gate's probabilities: how often an equal candidate passes "no worse" and "better", and how often a worse one.

    python -m bench.gate --data mnist runs/learning/learnt-1 runs/learning/learnt-5 [--resamples 400]

Each candidate is real: what it and the active model made of the gate's pictures is measured once. The outcomes are then
resampled in three ways, and the gate decides on each resample. `as it is` draws digits with replacement. `equal` also
exchanges both models at random for each digit, so that neither is better, while they still disagree as often as they
did. `worse` prefers digits on which the candidate loses, so much that it is worse by 0.3 points. The calibration error
is a figure of the whole model and stays as measured. What "better" finds is counted by `bench.held_back`, on digits of
simulated writers; `--only better` counts nothing else.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.held_back import report_held_back
from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import load_artifact
from mlcore.training.datasets.gate_hands import render_hands
from mlcore.training.datasets.gate_pictures import SEED, GateCounts, render_gate_pictures
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import load_split
from mlcore.training.evaluation.calibrate import render_numbers
from mlcore.training.evaluation.gate import GateResult, compare_outcomes, differences
from mlcore.training.evaluation.outcomes import Outcomes, measure_outcomes

WORSE_BY = 0.003
STEEPEST = 200.0  # tilt at which the search for one ends


@dataclass(frozen=True)
class Pair:
    """The outcomes of the active model and of a candidate on the same pictures."""

    active: Outcomes
    candidate: Outcomes

    @property
    def gain(self) -> float:
        return float(differences(self.active.right, self.candidate.right).mean())

    def exchanged(self) -> "Pair":
        return Pair(self.candidate, self.active)

    def take(self, places: "Places") -> "Pair":
        return Pair(*(take(outcomes, places) for outcomes in (self.active, self.candidate)))

    def compare(self) -> GateResult:
        return compare_outcomes(self.active, self.candidate)


@dataclass(frozen=True)
class Places:
    """The places of the pictures that are drawn, of each kind."""

    digits: NDArray[np.intp]
    negatives: NDArray[np.intp]
    numbers: NDArray[np.intp]
    hands: NDArray[np.intp]  # (S, H), of each style


def take(outcomes: Outcomes, places: Places) -> Outcomes:
    return replace(
        outcomes,
        labels=outcomes.labels[places.digits],
        right=outcomes.right[:, places.digits],
        sure=outcomes.sure[:, places.digits],
        sure_negatives=outcomes.sure_negatives[places.negatives],
        exact_numbers=outcomes.exact_numbers[places.numbers],
        hand_probabilities=np.take_along_axis(outcomes.hand_probabilities, places.hands, axis=1),
    )


def join(first: Pair, second: Pair) -> Pair:
    """Return the outcomes of both, one behind the other. The calibration errors are those of the first."""
    return Pair(
        *(
            replace(
                one,
                labels=np.concatenate([one.labels, other.labels]),
                right=np.concatenate([one.right, other.right], axis=1),
                sure=np.concatenate([one.sure, other.sure], axis=1),
                sure_negatives=np.concatenate([one.sure_negatives, other.sure_negatives]),
                exact_numbers=np.concatenate([one.exact_numbers, other.exact_numbers]),
                hand_probabilities=np.concatenate([one.hand_probabilities, other.hand_probabilities], axis=1),
            )
            for one, other in ((first.active, second.active), (first.candidate, second.candidate))
        )
    )


def resample_as_is(pair: Pair, rng: np.random.Generator) -> Pair:
    """Draw as many digits, negatives, numbers and hands with replacement."""
    sizes = (len(pair.active.labels), len(pair.active.sure_negatives), len(pair.active.exact_numbers))
    hands = pair.active.hand_probabilities.shape
    return pair.take(Places(*(rng.integers(0, size, size) for size in sizes), hands=rng.integers(0, hands[1], hands)))


def resample_shifted(pair: Pair, gain: float, rng: np.random.Generator) -> Pair:
    """Draw from the pair and its exchange, so that the expected gain in digits is this one and in others 0."""
    both = join(pair, pair.exchanged())
    shares = tilted_shares(differences(both.active.right, both.candidate.right), gain)
    digits = rng.choice(len(shares), len(shares) // 2, p=shares)
    others = (both.active.sure_negatives, both.active.exact_numbers)
    drawn = (rng.integers(0, len(each), len(each) // 2) for each in others)
    styles, count = pair.active.hand_probabilities.shape
    return both.take(Places(digits, *drawn, hands=rng.integers(0, 2 * count, (styles, count))))


def tilted_shares(gains: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """Return the probabilities closest to equal ones under which the gains have this mean, by bisection."""
    low, high = -STEEPEST, STEEPEST
    for _ in range(60):
        tilt = (low + high) / 2
        shares = np.exp(tilt * gains)
        shares /= shares.sum()
        low, high = (tilt, high) if shares @ gains < mean else (low, tilt)
    return np.asarray(shares)


def report(
    pair: Pair, resample: Callable[[np.random.Generator], Pair], count: int, name: str, rng: np.random.Generator
) -> str:
    """Return the line of one way to resample: how often all checks pass, and which fail most."""
    failed: Counter[str] = Counter()
    passed, gains = 0, []
    for _ in range(count):
        drawn = resample(rng)
        result = drawn.compare()
        passed += result.passed
        gains.append(drawn.gain)
        failed.update(check.name for check in result.checks if not check.passed)
    often = ", ".join(f"{check} {times / count:.1%}" for check, times in failed.most_common(3))
    gain = 100 * np.mean(gains)
    return f"    {name:20} passes {passed / count:6.1%}   mean gain {gain:+.3f} points   fails: {often or '-'}"


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("candidates", type=Path, nargs="+", metavar="CANDIDATE", help="folder of a candidate")
    add_model_option(parser)
    add_data_option(parser)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of rendered digits")
    parser.add_argument("--resamples", type=int, default=400, help="of each candidate in each way")
    parser.add_argument("--effort", type=float, default=1.0, help="share of the usual numbers of pictures, for trials")
    parser.add_argument("--numbers", type=int, help="numbers to read, instead of the share of the usual ones")
    parser.add_argument("--only", choices=["better"], help="count only how often candidates are shown to be better")
    options = parser.parse_args()
    if options.only:
        return report_better(options.model, options.candidates, options.resamples)
    from mlcore.training.recipes.corrections import scale_gate  # not at the top: it imports Keras

    counts = scale_gate(options.effort)
    validation = load_split(options.data).validation
    pictures = render_gate_pictures(validation, counts, options.runs)
    numbers = list(
        render_numbers(Writers(validation), options.numbers or counts.numbers, np.random.default_rng([SEED, 79]))
    )
    paths = [options.model, *options.candidates]
    hands = render_hands(GateCounts().hands, options.runs)
    active, *candidates = measure_outcomes([load_artifact(path) for path in paths], pictures, hands, numbers)
    for path, candidate in zip(options.candidates, candidates, strict=True):
        pair = Pair(active, candidate)
        result = pair.compare()
        failed = ", ".join(check.name for check in result.checks if not check.passed)
        apart = (active.right != candidate.right).mean()
        print(f"{path}: gains {100 * pair.gain:+.3f} points, differs on {apart:.2%}, gate: {failed or 'passed'}")
        ways: dict[str, Callable[[np.random.Generator], Pair]] = {
            "as it is": lambda rng, pair=pair: resample_as_is(pair, rng),
            "equal": lambda rng, pair=pair: resample_shifted(pair, 0.0, rng),
            f"worse by {100 * WORSE_BY:.1f} points": lambda rng, pair=pair: resample_shifted(pair, -WORSE_BY, rng),
        }
        for name, resample in ways.items():
            print(report(pair, resample, options.resamples, name, np.random.default_rng(1)), flush=True)
    return report_better(options.model, options.candidates, options.resamples)


def report_better(active: Path, candidates: Sequence[Path], count: int) -> None:
    for path in candidates:
        print(f"{path}:")
        for line in report_held_back(load_artifact(active), load_artifact(path), count):
            print(line, flush=True)


if __name__ == "__main__":
    main()
