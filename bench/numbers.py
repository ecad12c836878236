"""Numbers: exactly read by how far apart their digits stand, and milliseconds a number.

python -m bench.numbers [--model FOLDER] [--data MNIST] [--strings 200]
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.reader import Reader
from mlcore.training.datasets.mnist import load_split
from mlcore.training.evaluation.line_report import GAPS, exact_by_gap
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import Spacing, write_line
from mlcore.training.synthesis.sheets import PLAIN_PHOTO, Paper, on_paper


def six_digits(sides: tuple[int, int] | None = None) -> bytes:
    """A JPEG of a six-digit number; `sides` pads the paper to so many pixels across and down."""
    rng = np.random.default_rng(7)
    line = write_line("745382", 60 if sides is None else 500, Spacing(0.2, 0, 0, 0), write_digit, rng, marks=False)
    options = vars(PLAIN_PHOTO)
    if sides is not None:
        across, down = (max(0, sides[0] - line.ink.shape[1]), max(0, sides[1] - line.ink.shape[0]))
        options = {**options, "margins": (down // 2, across // 2, down - down // 2, across - across // 2)}
    sheet = on_paper(line.ink, rng, Paper(**options))
    return bytes(cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


def milliseconds(reader: Reader, data: bytes, times: int) -> float:
    reader.read(data, "number")
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        reader.read(data, "number")
        taken.append(time.perf_counter() - started)
    return 1000 * float(np.median(taken))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--data", type=Path, help="MNIST as a folder of IDX files or an .npz")
    parser.add_argument("--strings", type=int, default=200, help="of each spacing")
    args = parser.parse_args()
    artifact = load_artifact(args.model)
    reader = Reader(artifact)
    print(f"six digits, 60 px high       {milliseconds(reader, six_digits(), 20):7.1f} ms (goal 25)")
    print(f"six digits, 12 megapixels    {milliseconds(reader, six_digits((4000, 3000)), 5):7.1f} ms (goal 200)")
    test = load_split(args.data).test
    for paper, shares in exact_by_gap(artifact, test, args.strings).items():
        print(f"exactly right of {args.strings} on {paper}:")
        for name, share in shares.items():
            print(f"  {name:20s} gap {GAPS[name]:+.2f} {share:7.2%}")


if __name__ == "__main__":
    main()
