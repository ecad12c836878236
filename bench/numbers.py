"""Accuracy on numbers by the gap between their digits and on numbers with signs, and milliseconds per number.

python -m bench.numbers [--model FOLDER] [--data MNIST] [--strings 200] [--signs 200]
"""

import time
from dataclasses import replace

import cv2
import numpy as np

from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import load_artifact
from mlcore.reading.reader import Reader
from mlcore.training.datasets.mnist import load_split
from mlcore.training.evaluation.gaps import GAPS, measure_by_gap
from mlcore.training.evaluation.signs import measure_signs
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import Spacing, write_line
from mlcore.training.synthesis.sheets import PLAIN_PHOTO, render_sheet


def draw_six_digits(size: tuple[int, int] | None = None) -> bytes:
    """Return a JPEG of a six-digit number; `size` pads the sheet to that width and height in pixels."""
    rng = np.random.default_rng(7)
    line = write_line("745382", 60 if size is None else 500, Spacing(0.2, 0, 0, 0), write_digit, rng, marks=False)
    style = PLAIN_PHOTO
    if size is not None:
        width, height = (max(0, size[0] - line.ink.shape[1]), max(0, size[1] - line.ink.shape[0]))
        style = replace(style, margins=(height // 2, width // 2, height - height // 2, width - width // 2))
    sheet = render_sheet(line.ink, rng, style)
    return bytes(cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


def median_ms(reader: Reader, data: bytes, times: int) -> float:
    reader.read(data, "number")
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        reader.read(data, "number")
        seconds.append(time.perf_counter() - started)
    return 1000 * float(np.median(seconds))


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    add_data_option(parser)
    parser.add_argument("--strings", type=int, default=200, help="numbers for each gap")
    parser.add_argument("--signs", type=int, default=200, help="numbers with signs on each kind of paper")
    options = parser.parse_args()
    artifact = load_artifact(options.model)
    reader = Reader(artifact)
    print(f"six digits, 60 px high       {median_ms(reader, draw_six_digits(), 20):7.1f} ms (goal 25)")
    print(f"six digits, 12 megapixels    {median_ms(reader, draw_six_digits((4000, 3000)), 5):7.1f} ms (goal 200)")
    test = load_split(options.data).test
    for sheet, shares in measure_by_gap(artifact, test, options.strings).items():
        print(f"exactly right of {options.strings} on {sheet}:")
        for gap, share in shares.items():
            print(f"  {gap:20s} gap {GAPS[gap]:+.2f} {share:7.2%}")
    for sheet, shares in measure_signs(artifact, test, options.signs).items():
        print(f"{options.signs} numbers with signs on {sheet}:")
        for name, share in shares.items():
            print(f"  {name:37s} {share:7.2%}")


if __name__ == "__main__":
    main()
