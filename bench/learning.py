"""Learning from corrections: simulated writers correct digits, and quick trainings learn from them round by round.

    python -m bench.learning --data mnist [--writers 20] [--rounds 5] [--folder runs/learning]

In every round each writer reviews ten of fifty digits: what the active model reads wrong, and right ones where that is
less. A quick training learns from about 70 % of all that were reviewed so far. The gate compares the candidate with the
active model, and says which checks fail. The candidate becomes active in any case, so that what five trainings forget
adds up. Errors are counted on other digits of the same writers, which nobody reviewed. A run that was interrupted goes
on where it was, if it gets the same options.
"""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.hands import Writer, simulate_writers
from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import Artifact, load_artifact
from mlcore.reading.engine import Engine
from mlcore.training.datasets.gate_pictures import GateCounts, render_gate_pictures
from mlcore.training.datasets.mnist import Digits, concatenate, load_split
from mlcore.training.evaluation.held_back import UNREVIEWED, HeldBack

# The recipe, which imports Keras, is imported in functions: processes that render digits import this module as well.

REVIEWED = 10  # digits of a writer in a round
WRITTEN = 50  # among which those are
OTHERS = 150  # digits of a writer on which errors are counted
OTHERS_ROUND = 1_000  # the seed of those
HELD_BACK = 0.3
PART = 256  # images that the network classifies at once


@dataclass
class Reviewed:
    """All digits that were written so far: the reviewed ones on both sides, and others that are held back."""

    learnt: list[Digits] = field(default_factory=list)
    held_back: list[Digits] = field(default_factory=list)
    corrected: list[NDArray[np.bool_]] = field(default_factory=list)  # of those that are held back

    def as_held_back(self) -> HeldBack:
        return HeldBack.of_single_digits(concatenate(self.held_back), np.concatenate(self.corrected))


@dataclass(frozen=True)
class Exam:
    """The digits on which every model is measured."""

    writers: list[Writer]
    others: list[Digits]  # of each writer
    validation: Digits  # MNIST's
    papers: Digits  # the same on paper

    def mark(self, artifact: Artifact) -> "Marks":
        by_writer = np.array([error_of(artifact, digits) for digits in self.others])
        return Marks(by_writer, error_of(artifact, self.validation), error_of(artifact, self.papers))

    def describe(self, marks: "Marks", first: "Marks") -> str:
        """Return the errors of a model beside those of the first one, in two lines."""
        worse = int((marks.by_writer > first.by_writer).sum())
        odd = np.array([writer.odd for writer in self.writers])
        by_digit = (f"{digit} {marks.by_writer[odd == digit].mean():.1%}" for digit in dict.fromkeys(odd))
        share = marks.by_writer.mean() / first.by_writer.mean()
        validation = 100 * (marks.validation - first.validation)
        papers = 100 * (marks.papers - first.papers)
        return (
            f"errors of the writers {marks.by_writer.mean():.2%} ({share:.2f} of the first, {worse} worse), "
            f"validation {marks.validation:.2%} ({validation:+.2f} points), "
            f"on paper {marks.papers:.2%} ({papers:+.2f} points)\n"
            f"  errors by the digit in an unseen style: {', '.join(by_digit)}"
        )


@dataclass(frozen=True)
class Marks:
    """The errors of one model, as shares."""

    by_writer: NDArray[np.float64]
    validation: float
    papers: float


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    add_data_option(parser)
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("runs/learning"), help="of candidates and checkpoints")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of rendered digits")
    parser.add_argument("--effort", type=float, default=1.0, help="share of the usual numbers of images, for trials")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    exam = prepare_exam(simulate_writers(options.writers), options.data, options.runs, options.effort)
    active = load_artifact(options.model)
    first = exam.mark(active)
    reviewed = Reviewed()
    print(f"active model:\n  {exam.describe(first, first)}", flush=True)
    for number in range(1, options.rounds + 1):
        for writer in exam.writers:
            review(writer, active, number, reviewed)
        active, line = run_round(number, active, reviewed, options)
        marks = exam.mark(active)
        print(f"round {number}: {line}\n  {exam.describe(marks, first)}", flush=True)


def prepare_exam(writers: list[Writer], data: Path | None, runs: Path, effort: float) -> Exam:
    from mlcore.training.recipes.corrections import scale_gate

    validation = load_split(data).validation
    views = render_gate_pictures(validation, scale_gate(effort), runs).views[1:]
    papers = Digits(views.reshape(-1, *views.shape[2:]), np.tile(validation.labels, len(views)))
    return Exam(writers, [writer.write(OTHERS, OTHERS_ROUND) for writer in writers], validation, papers)


def review(writer: Writer, active: Artifact, number: int, reviewed: Reviewed) -> None:
    """Let the writer review ten digits, the wrong ones first, and divide them as the product does."""
    written = writer.write(WRITTEN, number)
    wrong = classify(active, written.images) != written.labels
    chosen, others = np.split(np.argsort(~wrong, kind="stable"), [REVIEWED])
    rng = np.random.default_rng([writer.number, number, 3])
    is_held_back = rng.random(REVIEWED) < HELD_BACK
    reviewed.learnt.append(written[chosen[~is_held_back]])
    unreviewed = written[others[rng.random(len(others)) < HELD_BACK]].images
    unknown = Digits(unreviewed, np.full(len(unreviewed), UNREVIEWED, np.uint8))
    reviewed.held_back += [written[chosen[is_held_back]], unknown]
    reviewed.corrected += [wrong[chosen[is_held_back]], np.zeros(len(unknown), np.bool_)]


def run_round(number: int, active: Artifact, reviewed: Reviewed, options: object) -> tuple[Artifact, str]:
    """Return the candidate, and what to print."""
    from mlcore.training.recipes.corrections import QuickTraining, compare_candidate, scale_gate, train_with_corrections

    learnt = concatenate(reviewed.learnt)
    target = options.folder / f"learnt-{number}"
    was_there = target.exists()
    started = time.monotonic(), time.process_time()
    training = QuickTraining(
        base=active,
        corrected=learnt,
        corrected_from={"digits": len(learnt)},
        target=target,
        checkpoints=options.folder,
        runs=options.runs,
        data=options.data,
        seed=number,
        effort=options.effort,
    )
    candidate = train_with_corrections(training, "bench.learning", lambda stage: None)
    trained = time.monotonic()
    counts = replace(scale_gate(options.effort), hands=GateCounts().hands)
    gate, held_back = compare_candidate(training, candidate, reviewed.as_held_back(), lambda stage: None, counts)
    ended = time.monotonic(), time.process_time()
    failed = ", ".join(check.name for check in gate.checks if not check.passed)
    times = "" if was_there else (
        f"{trained - started[0]:.0f} s of training and {ended[0] - trained:.0f} s of comparing "
        f"({ended[1] - started[1]:.0f} s of this process's CPU), "
    )  # fmt: skip
    line = (
        f"{len(learnt)} digits learnt, {times}"
        f"held back: {held_back.active:.1%} to {held_back.candidate:.1%} right, gate: {failed or 'passed'}"
    )
    return candidate, line


def error_of(artifact: Artifact, digits: Digits) -> float:
    return float((classify(artifact, digits.images) != digits.labels).mean())


def classify(artifact: Artifact, images: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return the class of each image; 10 is "not a digit"."""
    engine = Engine(artifact)
    parts = [engine.logits(images[start : start + PART]) for start in range(0, len(images), PART)]
    return np.asarray(np.concatenate(parts).argmax(axis=1))


if __name__ == "__main__":
    main()
