"""Accuracy on digits cropped to their ink, by margin and polarity, and the same for synthetic digits on a canvas.

    python -m bench.crops --data MNIST              # validation digits, by which choices are made
    python -m bench.crops --data MNIST --test       # the test set, for the report only

Wanted on the test set: at least 99.3 % right of each; synthetic digits within one point of the uncropped ones.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import load_artifact
from mlcore.reading.reader import Reader
from mlcore.reading.result import Reading
from mlcore.training.datasets.mnist import load_split
from mlcore.training.synthesis.handwriting import write_digit

MARGINS = (0, 1, 2, 4)  # px
THRESHOLD = 25  # of 255: fainter pixels are not part of the ink that is cropped to
TIGHT_THRESHOLD = 128
CANVAS = 280  # px

Image = NDArray[np.uint8]  # (H, W), ink is 255


def crop_to_ink(image: Image, margin: int, threshold: int) -> Image:
    ys, xs = np.nonzero(image > threshold)
    return np.pad(image[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1], margin)


def draw_on_canvas(digit: int, random: np.random.Generator) -> Image:
    """Return a synthetic digit of random size and place, (280, 280)."""
    ink = write_digit(digit, random)
    height = int(random.uniform(0.25, 0.8) * CANVAS)
    scale = min(height / ink.shape[0], 0.9 * CANVAS / ink.shape[1])
    small = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    top, left = (int(random.integers(0, CANVAS - side + 1)) for side in small.shape)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = np.rint(255 * small.clip(0, 1))
    return canvas


def print_row(reader: Reader, name: str, images: list[Image], labels: list[int]) -> None:
    files = [cv2.imencode(".png", image)[1].tobytes() for image in images]
    answers = [answer for answer in reader.read_many(files, "digit") if isinstance(answer, Reading)]
    right = [answer.text == str(label) for answer, label in zip(answers, labels, strict=True)]
    sure = [answer.decision == "read" for answer in answers]
    wrong = sum(s and not r for s, r in zip(sure, right, strict=True))
    print(f"{name:44s} right {np.mean(right):7.2%}  sure {np.mean(sure):7.2%}  sure but wrong {wrong / len(sure):7.2%}")


def print_table(reader: Reader, name: str, images: list[Image], labels: list[int], threshold: int) -> None:
    for margin in MARGINS:
        crops = [crop_to_ink(image, margin, threshold) for image in images]
        print_row(reader, f"{name}, {margin} px, bright ink", crops, labels)
        print_row(
            reader, f"{name}, {margin} px, dark ink", [np.asarray(255 - crop, np.uint8) for crop in crops], labels
        )


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    add_data_option(parser)
    parser.add_argument("--test", action="store_true", help="measure the test set instead of the validation digits")
    parser.add_argument("--count", type=int, help="only so many digits of MNIST, the first")
    parser.add_argument("--synthetic", type=int, default=2000, metavar="COUNT", help="synthetic digits on a canvas")
    options = parser.parse_args()
    reader = Reader(load_artifact(options.model))
    split = load_split(options.data)
    digits = split.test if options.test else split.validation
    images, labels = list(digits.images[: options.count]), digits.labels[: options.count].tolist()
    print_row(reader, "MNIST uncropped", images, labels)
    print_table(reader, "MNIST cropped", images, labels, THRESHOLD)
    print_table(reader, "MNIST cropped tighter", images, labels, TIGHT_THRESHOLD)
    random = np.random.default_rng(5)
    labels = random.integers(0, 10, options.synthetic).tolist()
    images = [draw_on_canvas(label, random) for label in labels]
    print_row(reader, "synthetic uncropped", images, labels)
    print_table(reader, "synthetic cropped", images, labels, THRESHOLD)


if __name__ == "__main__":
    main()
