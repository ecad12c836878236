"""A benchmark of expectations: errors with and without them, on meter readings and numbers with a check digit.

    python -m bench.expected [--model FOLDER] [--data MNIST] [--numbers 5000] [--only TEXT]
    python -m bench.expected --labelled FOLDER    # pictures of numbers, named in FOLDER/manifest.csv by file and label

The digits are MNIST's validation digits on any paper. Misfits are numbers whose expectation their truth does not fit.
`slowest` is the reading that takes longest in proportion to the same one without an expectation. It is the largest
ratio among the first pictures, each timed by the fastest of several readings.

Wanted: at most half of the errors on meter readings, a quarter on numbers with a check digit, and 0.2 % of these sure
but wrong; 99 % of the misfits unsure; errors at least 15 % fewer with the number of digits and 30 % fewer with the
value within 20 %; no reading more than 30 % slower.
"""

import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import cv2
import numpy as np

from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import load_artifact
from mlcore.reading.expectations.expectation import Expectation, Previous, Range, find_check
from mlcore.reading.reader import Reader
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import load_split
from mlcore.training.synthesis.lines import random_spacing, write_line
from mlcore.training.synthesis.sheets import ANY_PAPER, render_sheet

Task = Callable[[np.random.Generator], tuple[str, Expectation]]
WEIGHTS = "weights:9,8,7,6,5,4,3,2,1 mod 11"
MOD_11 = find_check(WEIGHTS)
STEP = 300
NEAR = Decimal("0.2")  # of the true value
TIMED, REPEATS = 30, 4  # pictures that are timed, and how often each is read


@dataclass(frozen=True)
class Sample:
    """A picture of a number, and what is known of the number."""

    picture: bytes
    text: str
    expectation: Expectation


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


def generate(writers: Writers, task: Task, count: int) -> Iterator[Sample]:
    rng = np.random.default_rng([count, *task.__name__.encode()])
    for _ in range(count):
        text, expectation = task(rng)
        line = write_line(
            text, int(rng.integers(24, 60)), random_spacing(rng), writers.random_mnist_writer(rng), rng, marks=False
        )
        sheet = render_sheet(line.ink, rng, ANY_PAPER)
        yield Sample(bytes(cv2.imencode(".png", sheet[..., ::-1])[1]), text, expectation)


def load_labelled(folder: Path, expect: Callable[[str], Expectation]) -> Iterator[Sample]:
    with (folder / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield Sample((folder / row["file"]).read_bytes(), row["label"], expect(row["label"]))


def expect_length(label: str) -> Expectation:
    return Expectation(Range(len(label), len(label)))


def expect_near(label: str) -> Expectation:
    """Expect a whole amount near the true one: a point in it separates thousands."""
    return Expectation(decimals=Range(0, 0), minimum=Decimal(label) * (1 - NEAR), maximum=Decimal(label) * (1 + NEAR))


def compare(reader: Reader, samples: Iterator[Sample]) -> str:
    wrong, sure_wrong, sure, seconds = np.zeros(2, int), np.zeros(2, int), np.zeros(2, int), np.zeros(2)
    count, slowest = 0, 0.0
    for sample in samples:
        count += 1
        for which, known in enumerate((None, sample.expectation)):
            started = time.process_time()
            reading = reader.read(sample.picture, "number", expectation=known)
            seconds[which] += time.process_time() - started
            is_right, is_sure = reading.text == sample.text, reading.decision == "read"
            wrong[which] += not is_right
            sure[which] += is_sure
            sure_wrong[which] += is_sure and not is_right
        if count <= TIMED:
            slowest = max(slowest, measure_slowdown(reader, sample))
    share = wrong[1] / max(wrong[0], 1)
    return (
        f"wrong {wrong[0] / count:7.2%} → {wrong[1] / count:7.2%} (×{share:.2f})   sure {sure[0] / count:6.1%} →"
        f" {sure[1] / count:6.1%}   sure but wrong {sure_wrong[0] / count:6.2%} → {sure_wrong[1] / count:6.2%}"
        f"   unsure {1 - sure[1] / count:6.2%}   time ×{seconds[1] / seconds[0]:.2f}, slowest ×{slowest:.2f}"
    )


def measure_slowdown(reader: Reader, sample: Sample) -> float:
    """Return how many times as long the sample takes with its expectation."""
    fastest = [float("inf"), float("inf")]
    for _ in range(REPEATS):
        for which, known in enumerate((None, sample.expectation)):
            started = time.process_time()
            reader.read(sample.picture, "number", expectation=known)
            fastest[which] = min(fastest[which], time.process_time() - started)
    return fastest[1] / fastest[0]


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    add_data_option(parser)
    parser.add_argument("--numbers", type=int, default=5_000, help="for each line of the table")
    parser.add_argument("--only", default="", metavar="TEXT", help="lines of the table whose name contains this text")
    parser.add_argument("--labelled", type=Path, metavar="FOLDER", help="measure these pictures instead")
    options = parser.parse_args()
    reader = Reader(load_artifact(Path(options.model)))
    if options.labelled:
        print(f"{'number of digits known':34}{compare(reader, load_labelled(options.labelled, expect_length))}")
        print(f"{'value within 20 % known':34}{compare(reader, load_labelled(options.labelled, expect_near))}")
        return
    writers = Writers(load_split(options.data).validation)
    for name, task in TASKS.items():
        if options.only not in name:
            continue
        print(f"{name:34}{compare(reader, generate(writers, task, options.numbers))}", flush=True)


if __name__ == "__main__":
    main()
