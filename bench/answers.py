"""Tables of confidence and correctness, which the model really gives on ten generated papers and hands.

    python -m bench.answers [--model FOLDER] [--numbers 1500] [--folder runs/answers]

`bench.promise` draws its streams from them. A table that exists is not made again, so an interrupted run goes on.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.options import add_model_option, create_parser
from mlcore.artifact import load_artifact
from mlcore.atomic_files import open_atomic
from mlcore.quality.threshold import may_be_sure
from mlcore.reading.reader import Reader
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import Spacing, write_line
from mlcore.training.synthesis.sheets import ANY_PAPER, CELL, PLAIN_PHOTO, SCREEN, SECURITY, SheetStyle, render_sheet

DIGITS = 5
PAPERS: dict[str, SheetStyle] = {
    "screen": SCREEN,
    "photo": PLAIN_PHOTO,
    "any paper": ANY_PAPER,
    "table cell": CELL,
    "security paper": SECURITY,
}
HANDS: dict[str, Spacing] = {
    "apart": Spacing(gap=0.2, gap_spread=0.05, rise=0.04, sizes=0.06),
    "touching": Spacing(gap=-0.04, gap_spread=0.05, rise=0.1, sizes=0.12),
}


@dataclass(frozen=True)
class Answers:
    """The answers on one paper by one hand."""

    name: str
    confidence: NDArray[np.float64]  # (N,) 0 where the answer can never be called sure
    is_sure: NDArray[np.bool_]  # (N,) by the model's own threshold
    is_right: NDArray[np.bool_]  # (N,)


def add_answers_options(parser: argparse.ArgumentParser) -> None:
    add_model_option(parser)
    parser.add_argument("--numbers", type=int, default=1_500, help="for each of the ten tables")
    parser.add_argument("--folder", type=Path, default=Path("runs/answers"), help="where the tables are kept")


def make_tables(model: Path, folder: Path, count: int) -> Iterator[Answers]:
    """Yield the ten tables, and make those that the folder lacks."""
    reader = None
    for paper in PAPERS:
        for hand in HANDS:
            path = folder / f"{load_artifact(model).version}-{count}-{paper}-{hand}.npz".replace(" ", "-")
            if not path.exists():
                reader = reader or Reader(load_artifact(model))
                save_answers(path, read_numbers(reader, paper, hand, count))
            with np.load(path, allow_pickle=False) as arrays:
                yield Answers(f"{paper}, {hand}", arrays["confidence"], arrays["is_sure"], arrays["is_right"])


def save_answers(path: Path, answers: Answers) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_atomic(path) as file:
        np.savez(file, confidence=answers.confidence, is_sure=answers.is_sure, is_right=answers.is_right)


def read_numbers(reader: Reader, paper: str, hand: str, count: int) -> Answers:
    """Return the answers on generated numbers of five digits."""
    rng = np.random.default_rng([count, *paper.encode(), *hand.encode()])
    confidence, is_sure, is_right = np.zeros(count), np.zeros(count, bool), np.zeros(count, bool)
    for place in range(count):
        text = f"{rng.integers(10**DIGITS):0{DIGITS}}"
        line = write_line(text, int(rng.integers(24, 60)), HANDS[hand], write_digit, rng, marks=False)
        sheet = render_sheet(line.ink, rng, PAPERS[paper])
        reading = reader.read(bytes(cv2.imencode(".png", sheet[..., ::-1])[1]), "number")
        confidence[place] = reading.confidence if may_be_sure(reading) else 0.0
        is_sure[place], is_right[place] = reading.decision == "read", reading.written == text
    return Answers(f"{paper}, {hand}", confidence, is_sure, is_right)


def main() -> None:
    parser = create_parser(__doc__)
    add_answers_options(parser)
    options = parser.parse_args()
    print(f"{'paper and hand':30}{'sure':>8}{'wrong':>8}{'sure but wrong':>16}{'seconds':>9}")
    started = time.perf_counter()
    for answers in make_tables(options.model, options.folder, options.numbers):
        sure_wrong = np.mean(~answers.is_right[answers.is_sure]) if answers.is_sure.any() else 0.0
        print(
            f"{answers.name:30}{answers.is_sure.mean():8.1%}{1 - answers.is_right.mean():8.1%}{sure_wrong:16.2%}"
            f"{time.perf_counter() - started:9.0f}",
            flush=True,
        )
        started = time.perf_counter()


if __name__ == "__main__":
    main()
