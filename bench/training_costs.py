"""The processor time of a quick training with 200 corrections, stage by stage.

    python -m bench.training_costs --data mnist

Each stage does a small part of its usual work, and its processor time is scaled to all of it. Stages that use all cores
are divided by two for the time on two free cores, the others run on one. What is kept is made by the first training
alone. The sum is a projection: reading from the disk, waiting and the ends of parallel stages are not in it.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import Artifact, load_artifact
from mlcore.training.datasets import digits, gate_hands, gate_pictures
from mlcore.training.datasets.digits import DigitCounts
from mlcore.training.datasets.epochs import make_epoch, mix_corrected
from mlcore.training.datasets.gate_hands import Hands
from mlcore.training.datasets.gate_pictures import GateCounts, GatePictures
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import Split, load_split
from mlcore.training.evaluation.calibrate import CalibrationCounts, fit_thresholds, render_numbers
from mlcore.training.evaluation.evaluate import evaluate_artifact
from mlcore.training.evaluation.outcomes import measure_outcomes

# The recipe, which imports Keras, is imported in functions: its import is part of what is measured.

CORES = 2
CORRECTIONS = 140  # digits learnt of 200 corrections; the others are held back
SAMPLE = 60  # pictures of each kind that are rendered
STEPS = 12  # of training
SHARE = 20  # of the usual calibration, one part in so many is done
NUMBERS = 40


@dataclass(frozen=True)
class Cost:
    stage: str
    seconds: float  # of processor time
    is_kept: bool = False  # the next training does not repeat it
    uses_all_cores: bool = False

    @property
    def wall(self) -> float:
        return self.seconds / CORES if self.uses_all_cores else self.seconds


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    add_data_option(parser)
    options = parser.parse_args()
    artifact, split = load_artifact(options.model), load_split(options.data)
    costs = []
    for cost in (*measure_rendering(split), *measure_training(artifact, split), *measure_comparison(artifact, split)):
        costs.append(cost)
        when = "first training only" if cost.is_kept else "each training"
        print(f"{cost.stage:48} {cost.seconds:6.0f} s of CPU, {cost.wall:4.0f} s on two cores   {when}", flush=True)
    for name, chosen in (("first training", costs), ("each later one", [cost for cost in costs if not cost.is_kept])):
        cpu, wall = (sum(getattr(cost, field) for cost in chosen) for field in ("seconds", "wall"))
        print(f"{name:48} {cpu:6.0f} s of CPU, {wall / 60:4.1f} minutes on two free cores")


def cpu_of(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def measure_rendering(split: Split) -> Iterator[Cost]:
    from mlcore.training.recipes.corrections import POOL
    from mlcore.training.recipes.digit import VALIDATION_SHARE

    pool = DigitCounts().scaled(POOL * (1 + VALIDATION_SHARE))
    seconds = sum(
        count / SAMPLE * cpu_of(lambda kind=kind: digits._render_chunk(split.train, kind, SAMPLE, (1, 2)))
        for kind, count in vars(pool).items()
    )
    yield Cost("synthetic digits", seconds, is_kept=True, uses_all_cores=True)
    counts = GateCounts()
    some = split.validation[:SAMPLE]
    papers = len(split.validation) * counts.papers / SAMPLE * cpu_of(lambda: gate_pictures._render_chunk(some, 0, 0))
    negatives = (
        counts.negatives / SAMPLE * cpu_of(lambda: digits._render_chunk(split.validation, "negative", SAMPLE, (1, 3)))
    )
    yield Cost("the gate's papers and negatives", papers + negatives, is_kept=True, uses_all_cores=True)
    places = range(0, len(gate_hands._STYLES), 5)
    hands = cpu_of(lambda: [gate_hands._render_style(SAMPLE, place) for place in places])
    scale = counts.hands / SAMPLE * len(gate_hands._STYLES) / len(places)
    yield Cost("the gate's styles of handwriting", scale * hands, is_kept=True, uses_all_cores=True)


def measure_training(artifact: Artifact, split: Split) -> Iterator[Cost]:
    started = time.process_time()
    from mlcore.training.networks.export import load_keras_model
    from mlcore.training.networks.fit import PLANS, Progress, fit_digit_network, predict_logits
    from mlcore.training.recipes import corrections

    plan = PLANS[artifact.card.networks["digit"].architecture]
    model = load_keras_model(artifact, "digit")
    at_steps: list[float] = []

    def on_progress(progress: Progress) -> None:
        at_steps.append(time.process_time())

    mixture = mix_corrected(split.train[:CORRECTIONS], split.train, STEPS * plan.batch, 1, 1)
    with tempfile.TemporaryDirectory() as folder:
        fit_digit_network(
            replace(plan, epochs=1), mixture, split.validation[:200], Path(folder), on_progress, model.get_weights()
        )
    images = corrections.EPOCHS * corrections.IMAGES_PER_EPOCH
    yield Cost("start of TensorFlow, first step", at_steps[0] - started)
    per_image = (at_steps[-1] - at_steps[0]) / (len(at_steps) - 1) / plan.batch
    yield Cost(f"{corrections.EPOCHS} epochs", per_image * images, uses_all_cores=True)
    yield Cost("augmentation", images / mixture.size * cpu_of(lambda: make_epoch(mixture, 1, 0)), uses_all_cores=True)
    validated = (len(split.validation) + DigitCounts().scaled(corrections.POOL * 0.05).total) * corrections.EPOCHS
    seconds = cpu_of(lambda: predict_logits(model, split.validation.images[:1_000]))
    yield Cost("validation after each epoch", validated / 1_000 * seconds, uses_all_cores=True)
    part = CalibrationCounts(*(count // SHARE for count in vars(corrections.CALIBRATION).values()))
    seconds = cpu_of(lambda: fit_thresholds(artifact, Writers(split.validation), 1, part))
    yield Cost("thresholds and the reader's weights", SHARE * seconds)
    yield Cost("figures of the card", cpu_of(lambda: evaluate_artifact(artifact, split.test, thorough=False)))


def measure_comparison(artifact: Artifact, split: Split) -> Iterator[Cost]:
    counts = GateCounts()
    models = [artifact, artifact]
    some = split.validation[:SAMPLE]
    hands = Hands(("any",), np.zeros(1, np.uint8), split.train.images[np.newaxis, :500])
    pictures = GatePictures(some.images[np.newaxis], some.labels, some.images[:1])
    numbers = cpu_of(lambda: list(render_numbers(Writers(split.validation), NUMBERS, np.random.default_rng(1))))
    samples = list(render_numbers(Writers(split.validation), NUMBERS, np.random.default_rng(1)))
    numbers += cpu_of(lambda: measure_outcomes(models, pictures, hands, samples))
    yield Cost("both models read numbers", counts.numbers / NUMBERS * numbers)
    count = len(split.validation) * (1 + counts.papers) + counts.negatives + counts.hands * len(gate_hands._STYLES)
    seconds = cpu_of(lambda: measure_outcomes(models, pictures, hands, []))
    yield Cost("both models classify digits", count / (SAMPLE + 501) * seconds)


if __name__ == "__main__":
    main()
