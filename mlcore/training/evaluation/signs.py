"""Accuracy on numbers with signs: written forms of all kinds in synthetic hands and held-out digits, on paper."""

from dataclasses import dataclass
from itertools import repeat

import numpy as np

from mlcore.artifact import Artifact
from mlcore.reading.files.decode import Picture
from mlcore.reading.reader import Reader
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import Digits
from mlcore.training.synthesis.lines import random_spacing, write_line
from mlcore.training.synthesis.sheets import ANY_PAPER, PLAIN_PHOTO, render_sheet
from mlcore.training.synthesis.written_forms import random_written
from mlcore.worker_pool import WorkerPool

SHEETS = {"any paper": PLAIN_PHOTO, "any paper and print": ANY_PAPER}
NUMBERS = 1000  # on each sheet
SHARD = 100  # numbers for each task


@dataclass(frozen=True)
class SignedNumber:
    """A number that was written with signs, and what the reader made of it."""

    written: str
    read: str
    is_sure: bool


def measure_signs(
    artifact: Artifact, digits: Digits, count: int | None = None, seed: int = 1
) -> dict[str, dict[str, float]]:
    """Return the shares of numbers with signs that are read exactly, by their digits, and surely, for each sheet."""
    count = count or min(NUMBERS, 1 + len(digits) // 10)
    shards = [(sheet, min(SHARD, count - start), start) for sheet in SHEETS for start in range(0, count, SHARD)]
    with WorkerPool((artifact, Writers(digits))) as workers:
        read = list(workers.map(_read_shard, *zip(*shards, strict=True), repeat(seed)))
    return {
        sheet: summarise(
            [number for (name, *_), part in zip(shards, read, strict=True) for number in part if name == sheet]
        )
        for sheet in SHEETS
    }


def summarise(numbers: list[SignedNumber]) -> dict[str, float]:
    wrong = [number for number in numbers if number.read != number.written]
    others = [number for number in wrong if _plain(number.read) != _plain(number.written)]
    by_digits = [number for number in wrong if _digits(number.read) == _digits(number.written)]
    return {
        "written": 1 - len(wrong) / len(numbers),
        "written, a comma counting as a point": 1 - len(others) / len(numbers),
        "digits": 1 - (len(wrong) - len(by_digits)) / len(numbers),
        "sure": sum(number.is_sure for number in numbers) / len(numbers),
        "sure but wrong": sum(number.is_sure for number in wrong) / len(numbers),
    }


def _plain(written: str) -> str:
    return written.replace(",", ".")


def _digits(written: str) -> str:
    return "".join(character for character in written if character.isdigit())


def _read_shard(
    model_and_writers: tuple[Artifact, Writers], sheet: str, count: int, start: int, seed: int
) -> list[SignedNumber]:
    artifact, writers = model_and_writers
    reader = Reader(artifact)
    rng = np.random.default_rng([seed, list(SHEETS).index(sheet), start])
    numbers: list[SignedNumber] = []
    while len(numbers) < count:
        written = random_written(rng)
        if written.isdigit():
            continue
        height = int(rng.integers(28, 56))
        line = write_line(written, height, random_spacing(rng), writers.random_writer(rng), rng, marks=False)
        pixels = render_sheet(line.ink, rng, SHEETS[sheet])
        reading = reader.read_picture(Picture(pixels, "PNG", pixels.shape[1], pixels.shape[0], 1.0), "number")
        numbers.append(SignedNumber(line.written, reading.written, reading.decision == "read"))
    return numbers
