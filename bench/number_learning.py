"""Learning from corrected numbers: simulated writers correct numbers, and candidates learn from them.

    python -m bench.number_learning --data mnist [--only "lines alone"] [--effort 1] [--folder runs/number_learning]

Each of ten writers reviews twenty numbers: what the active model reads wrong, and right ones where that is less. About
70 % of them are learnt. One quick training copies the line network, and one fine-tunes it as well. "Lines alone" is the
active model with a fine-tuned line network and nothing else changed, not even a threshold. Errors are counted in whole
numbers: other ones of the same writers, and numbers of MNIST's validation digits, of which no network learns.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.number_hands import NumberWriter, simulate_number_writers
from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import Artifact, load_artifact, save_artifact
from mlcore.reading.engine import Engine
from mlcore.reading.numbers.number import find_number
from mlcore.reading.reader import Reader
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import Digits, load_split
from mlcore.training.evaluation.calibrate import render_numbers
from mlcore.training.evaluation.gate import LEVEL, lower_bound
from mlcore.training.evaluation.refusals import to_picture

# Modules that import Keras are imported in functions: processes that render digits import this module as well.

CANDIDATES = ("digits alone", "lines alone", "digits and lines")
REVIEWED, WRITTEN = 20, 40  # numbers of a writer, and among how many those are
OTHERS = 40  # numbers of a writer on which errors are counted
HELD_BACK = 0.3
WRITTEN_SEED, OTHERS_SEED = 1, 1_000


@dataclass
class Reviewed:
    """The digits and pictures of the writers that are learnt, and the pictures that are held back."""

    images: list[NDArray[np.uint8]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    learnt: list[tuple[bytes, str]] = field(default_factory=list)
    held_back: list[tuple[bytes, str]] = field(default_factory=list)


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    add_data_option(parser)
    parser.add_argument("--folder", type=Path, default=Path("runs/number_learning"), help="of candidates")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of rendered digits and strips")
    parser.add_argument("--numbers", type=int, default=1_500, help="numbers of validation digits")
    parser.add_argument("--only", choices=CANDIDATES, help="make this candidate alone")
    parser.add_argument("--effort", type=float, default=1.0, help="share of the usual numbers of images, for trials")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    active = load_artifact(options.model)
    writers = simulate_number_writers()
    reviewed = Reviewed()
    for writer in writers:
        review(writer, Reader(active), reviewed)
    print(f"{len(reviewed.learnt)} numbers and {len(reviewed.labels)} digits in them are learnt", flush=True)
    before = report("active model", active, writers, options)
    for name in [options.only] if options.only else CANDIDATES:
        started = time.monotonic(), time.process_time()
        candidate = train(name, active, reviewed, options)
        seconds, cpu = time.monotonic() - started[0], time.process_time() - started[1]
        print(f"{name}: {seconds:.0f} s, {cpu:.0f} s of this process's CPU", flush=True)
        after = report(name, candidate, writers, options)
        bound = lower_bound(after.astype(float) - before, LEVEL)
        gained, lost = (after & ~before).sum(), (before & ~after).sum()
        print(f"  validation numbers: {gained} gained, {lost} lost, bound {bound:+.2%}")
        print(f"  numbers held back: {compare(active, candidate, reviewed)}", flush=True)


def review(writer: NumberWriter, reader: Reader, reviewed: Reviewed) -> None:
    """Let the writer review numbers, the wrong ones first, and divide them as the product does."""
    written = list(writer.write(WRITTEN, WRITTEN_SEED))
    readings = [reader.read_picture(to_picture(pixels), "number") for pixels, _ in written]
    wrong = np.array([reading.written != text for reading, (_, text) in zip(readings, written, strict=True)])
    rng = np.random.default_rng([writer.number, 3])
    for index in np.argsort(~wrong, kind="stable")[:REVIEWED]:
        (pixels, text), glyphs = written[index], readings[index].glyphs
        picture = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes(), text
        if rng.random() < HELD_BACK:
            reviewed.held_back.append(picture)
            continue
        reviewed.learnt.append(picture)
        if len(glyphs) == len(text):  # else nobody knows which box holds which digit
            reviewed.images += [glyph.input for glyph in glyphs]
            reviewed.labels += map(int, text)


def train(name: str, active: Artifact, reviewed: Reviewed, options: argparse.Namespace) -> Artifact:
    from mlcore.training.datasets.reviewed_strips import NumberPicture, cut_reviewed_strips
    from mlcore.training.recipes.corrections import QuickTraining, plan_line_tuning, train_with_corrections
    from mlcore.training.recipes.reviewed_lines import tune_lines

    pictures = [NumberPicture(data, "number", text) for data, text in reviewed.learnt]
    training = QuickTraining(
        base=active,
        corrected=Digits(np.stack(reviewed.images), np.array(reviewed.labels, np.uint8)),
        corrected_from={"digits": len(reviewed.labels), "numbers": len(pictures)},
        target=options.folder / name.replace(" ", "-"),
        checkpoints=options.folder,
        runs=options.runs,
        data=options.data,
        seed=1,
        effort=options.effort,
        lines=cut_reviewed_strips(pictures, Engine(active)) if "lines" in name else None,
    )
    if name != "lines alone":
        return train_with_corrections(training, "bench.number_learning", lambda stage: None)
    if training.target.exists():
        return load_artifact(training.target)
    tuning = plan_line_tuning(training)
    assert tuning is not None
    part = tune_lines(tuning, lambda stage: None)
    card = replace(active.card, version=training.target.name, networks={**active.card.networks, **part.networks})
    files = {file: active.read_bytes(file) for file in active.card.files}
    return save_artifact(training.target, card, files | part.files)


def report(
    name: str, artifact: Artifact, writers: Sequence[NumberWriter], options: argparse.Namespace
) -> NDArray[np.bool_]:
    """Print the errors of a model on whole numbers, and return which validation numbers it reads right."""
    reader, engine = Reader(artifact), Engine(artifact)
    errors = {}
    for writer in writers:
        others = list(writer.write(OTHERS, OTHERS_SEED))
        readings = (reader.read_picture(to_picture(pixels), "number") for pixels, _ in others)
        errors[writer.name] = np.mean([each.written != text for each, (_, text) in zip(readings, others, strict=True)])
    samples = render_numbers(
        Writers(load_split(options.data).validation), options.numbers, np.random.default_rng([5, 79])
    )
    found = ((find_number(sample.ink, engine), sample.text) for sample in samples)
    right = np.array([number is not None and number.text == text for number, text in found], np.bool_)
    mean = np.mean(list(errors.values()))
    print(f"{name}: errors of the writers {mean:.1%}, validation numbers {1 - right.mean():.2%}")
    print("  " + ", ".join(f"{writer} {error:.0%}" for writer, error in errors.items()), flush=True)
    return right


def compare(active: Artifact, candidate: Artifact, reviewed: Reviewed) -> object:
    from mlcore.training.datasets.reviewed_strips import NumberPicture
    from mlcore.training.evaluation.held_back import compare_numbers

    pictures = (NumberPicture(data, "number", text) for data, text in reviewed.held_back)
    return compare_numbers(active, candidate, pictures, lambda: None)


if __name__ == "__main__":
    main()
