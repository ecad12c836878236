"""Poison: five people review digits, and one of them confirms 200 crossed 7s as 1. What does the gate do?

    python -m bench.poison --data mnist [--trainings 5] [--folder runs/poison]

The other four review digits in the generator's hands, of which they write some in a style that no training has seen.
Each training has other digits and another seed. The share of one person is limited as in the product. A candidate
reads crossed 7s worse if it reads fewer of 1,000 others than the active model, beyond chance.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.hands import Writer, simulate_writers
from bench.labels import write_crossed_sevens
from bench.learning import classify
from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import Artifact, load_artifact
from mlcore.training.datasets.gate_pictures import GateCounts
from mlcore.training.datasets.mnist import Digits, concatenate
from mlcore.training.datasets.shares import limit_each
from mlcore.training.evaluation.gate import LEVEL, Check, lower_bound
from mlcore.training.evaluation.held_back import HeldBack

HONEST = 4
REVIEWED = 100  # digits of each honest person
POISONED = 200
HELD_BACK = 0.3
EXAMINED = 1_000  # crossed 7s
EXAMINED_SEED = 1_000
SHARE = 0.25  # the largest share of one person, as in the settings


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    add_data_option(parser)
    parser.add_argument("--trainings", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("runs/poison"), help="of candidates and checkpoints")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of rendered digits")
    parser.add_argument("--effort", type=float, default=1.0, help="share of the usual numbers of images, for trials")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    active = load_artifact(options.model)
    crossed = write_crossed_sevens(EXAMINED, np.random.default_rng(EXAMINED_SEED))
    before = classify(active, crossed.images) == crossed.labels
    print(f"active model: {before.mean():.1%} of crossed 7s right", flush=True)
    for number in range(1, options.trainings + 1):
        learnt, held_back, poison = review(active, number)
        candidate, failed = train(active, learnt, held_back, number, options)
        after = classify(candidate, crossed.images) == crossed.labels
        is_worse = lower_bound(before.astype(float) - after, LEVEL) > 0
        reasons = "; ".join(f"{check.name} {check.active:.1%} to {check.candidate:.1%}" for check in failed)
        verdict = "refused" if failed else "PROMOTED AND WORSE" if is_worse else "promoted"
        print(
            f"training {number}: {len(learnt)} digits learnt, {poison} of them poison; crossed 7s {after.mean():.1%} "
            f"right{' (worse)' if is_worse else ''}; {verdict}: {reasons or 'all checks passed'}",
            flush=True,
        )


def review(active: Artifact, number: int) -> tuple[Digits, HeldBack, int]:
    """Return what is learnt, what is held back, and how many of the learnt digits are poison."""
    rng = np.random.default_rng([number, 11])
    honest = [write_honest(writer, number) for writer in simulate_writers(HONEST * number)[-HONEST:]]
    sevens = write_crossed_sevens(POISONED, rng)
    people = [*honest, Digits(sevens.images, np.ones(POISONED, np.uint8))]
    sides = [rng.random(len(digits)) < HELD_BACK for digits in people]
    held_back = concatenate([digits[is_held] for digits, is_held in zip(people, sides, strict=True)])
    learnt = [digits[~is_held] for digits, is_held in zip(people, sides, strict=True)]
    limits = limit_each([len(digits) for digits in learnt], SHARE)
    learnt = [digits[:limit] for digits, limit in zip(learnt, limits, strict=True)]
    corrected = classify(active, held_back.images) != held_back.labels
    return concatenate(learnt), HeldBack.of_single_digits(held_back, corrected), len(learnt[-1])


def write_honest(writer: Writer, number: int) -> Digits:
    return writer.write(REVIEWED, number)


def train(
    active: Artifact, learnt: Digits, held_back: HeldBack, number: int, options: object
) -> tuple[Artifact, list[Check]]:
    """Return the candidate and the checks that it failed."""
    # Not at the top: the processes that render digits import this module as well.
    from mlcore.training.recipes.corrections import QuickTraining, compare_candidate, scale_gate, train_with_corrections

    training = QuickTraining(
        base=active,
        corrected=learnt,
        corrected_from={"digits": len(learnt), "people": HONEST + 1},
        target=options.folder / f"learnt-{number}",
        checkpoints=options.folder,
        runs=options.runs,
        data=options.data,
        seed=number,
        effort=options.effort,
    )
    candidate = train_with_corrections(training, "bench.poison", lambda stage: None)
    counts = replace(scale_gate(options.effort), hands=GateCounts().hands)
    gate, _ = compare_candidate(training, candidate, held_back, lambda stage: None, counts)
    return candidate, [check for check in gate.checks if not check.passed]


if __name__ == "__main__":
    main()
