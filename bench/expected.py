"""A benchmark of expectations: errors with and without them, on meter readings and numbers with a check digit.

    python -m bench.expected [--model FOLDER] [--data MNIST] [--numbers 5000]

The digits are MNIST's validation digits on any paper. Misfits are numbers whose expectation their truth does not fit.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np

from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import load_artifact
from mlcore.reading.expectation import Expectation, Previous, Range, find_check
from mlcore.reading.reader import Reader
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import load_split
from mlcore.training.synthesis.lines import random_spacing, write_line
from mlcore.training.synthesis.sheets import ANY_PAPER, render_sheet

Task = Callable[[np.random.Generator], tuple[str, Expectation]]
WEIGHTS = "weights:9,8,7,6,5,4,3,2,1 mod 11"
MOD_11 = find_check(WEIGHTS)
STEP = 300


def meter_reading(rng: np.random.Generator) -> tuple[str, Expectation]:
    """Return five digits and what is known of them: the value before is at most 300 below."""
    value = int(rng.integers(STEP, 100_000))
    before = Decimal(value - int(rng.integers(0, STEP + 1)))
    return f"{value:05}", Expectation(Range(5, 5), Range(0, 0), previous=Previous(before, Decimal(STEP)))


def checked_number(rng: np.random.Generator) -> tuple[str, Expectation]:
    """Return nine digits, the last of which is a check digit."""
    while True:
        text = "".join(map(str, rng.integers(0, 10, 9)))
        if MOD_11(text):
            return text, Expectation(Range(9, 9), check=MOD_11)


def meter_misfit(rng: np.random.Generator) -> tuple[str, Expectation]:
    """Return five digits that are below the value before."""
    value = int(rng.integers(0, 90_000))
    before = Decimal(value + int(rng.integers(1, 9_000)))
    return f"{value:05}", Expectation(Range(5, 5), Range(0, 0), previous=Previous(before, Decimal(STEP)))


def checked_misfit(rng: np.random.Generator) -> tuple[str, Expectation]:
    """Return nine digits with a wrong check digit."""
    while True:
        text = "".join(map(str, rng.integers(0, 10, 9)))
        if not MOD_11(text):
            return text, Expectation(Range(9, 9), check=MOD_11)


TASKS: dict[str, Task] = {
    "5-digit meter reading, step 300": meter_reading,
    "9 digits, mod 11": checked_number,
    "meter reading that fell": meter_misfit,
    "9 digits, wrong check digit": checked_misfit,
}


def compare(reader: Reader, writers: Writers, task: Task, count: int) -> str:
    rng = np.random.default_rng([count, *task.__name__.encode()])
    wrong, sure_wrong, sure, seconds = np.zeros(2, int), np.zeros(2, int), np.zeros(2, int), np.zeros(2)
    unsure = 0
    for _ in range(count):
        text, expectation = task(rng)
        line = write_line(
            text, int(rng.integers(24, 60)), random_spacing(rng), writers.random_mnist_writer(rng), rng, marks=False
        )
        picture = bytes(cv2.imencode(".png", render_sheet(line.ink, rng, ANY_PAPER)[..., ::-1])[1])
        for which, known in enumerate((None, expectation)):
            started = time.process_time()
            reading = reader.read(picture, "number", expectation=known)
            seconds[which] += time.process_time() - started
            is_right, is_sure = reading.text == text, reading.decision == "read"
            wrong[which] += not is_right
            sure[which] += is_sure
            sure_wrong[which] += is_sure and not is_right
        unsure += reading.decision != "read"
    share = wrong[1] / max(wrong[0], 1)
    return (
        f"wrong {wrong[0] / count:7.2%} → {wrong[1] / count:7.2%} (×{share:.2f})   sure {sure[0] / count:6.1%} →"
        f" {sure[1] / count:6.1%}   sure but wrong {sure_wrong[0] / count:6.2%} → {sure_wrong[1] / count:6.2%}"
        f"   unsure {unsure / count:6.2%}   time ×{seconds[1] / seconds[0]:.2f}"
    )


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    add_data_option(parser)
    parser.add_argument("--numbers", type=int, default=5_000, help="for each line of the table")
    options = parser.parse_args()
    reader = Reader(load_artifact(Path(options.model)))
    writers = Writers(load_split(options.data).validation)
    for name, task in TASKS.items():
        print(f"{name:34}{compare(reader, writers, task, options.numbers)}", flush=True)


if __name__ == "__main__":
    main()
