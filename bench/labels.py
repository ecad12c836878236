"""The label doctor on wrong labels: how many of them it names, and how many of those that it names are wrong.

    python -m bench.labels --data mnist [--count 2000]

Each line has digits that a person reviewed, of which a share got a wrong label: another digit at random, or 1 for a
crossed 7. The model's own training digits are the neighbours, as in the product.
"""

import numpy as np
from numpy.typing import NDArray

from bench.hands import simulate_writers
from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import load_artifact
from mlcore.explaining.doubt import DOUBTFUL_FROM, measure_doubt
from mlcore.explaining.explainer import Explainer
from mlcore.explaining.neighbours import Vectors, embed
from mlcore.reading.engine import Engine
from mlcore.training.datasets.digits import enlarge_digit, read_from_sheet
from mlcore.training.datasets.mnist import Digits, concatenate, load_split
from mlcore.training.synthesis.handwriting import write_digit, write_in_style
from mlcore.training.synthesis.sheets import ANY_PAPER
from mlcore.training.synthesis.strokes_5_to_9 import crossed_seven

EXAMPLES = 20_000  # embedded training digits, as in the product
ERRORS = 0.03
WRITERS = 20


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    add_data_option(parser)
    parser.add_argument("--count", type=int, default=2_000, help="digits in each line")
    options = parser.parse_args()
    explainer = Explainer(Engine(load_artifact(options.model)))
    split = load_split(options.data)
    train = split.train[:EXAMPLES]
    examples = (embed(explainer, train.images), train.labels)
    rng = np.random.default_rng(1)
    unseen = concatenate([writer.write(options.count // WRITERS, 1) for writer in simulate_writers(WRITERS)])
    for name, digits in (
        ("MNIST's validation digits on paper", lay_on_paper(split.validation[: options.count], rng)),
        ("hands of the generator on paper", write_digits(options.count, rng)),
        ("writers with a digit in an unseen style", unseen),
    ):
        labels = spoil_labels(digits.labels, ERRORS, rng)
        print(report(f"{ERRORS:.0%} at random: {name}", explainer, digits, labels, examples), flush=True)
    crossed = write_crossed_sevens(200, rng)
    print(report("crossed 7s as 1", explainer, crossed, np.ones(200, np.uint8), examples))


def report(
    name: str,
    explainer: Explainer,
    digits: Digits,
    labels: NDArray[np.uint8],
    examples: tuple[Vectors, NDArray[np.uint8]],
) -> str:
    _said, doubts = measure_doubt(explainer, digits.images, labels, examples)
    wrong, named = labels != digits.labels, doubts >= DOUBTFUL_FROM
    order = np.argsort(-doubts, kind="stable")
    found_at_half = best_recall(wrong[order], precision=0.5)
    return (
        f"{name:60} {wrong.sum():4} of {len(wrong)} wrong; named {named.sum():4}, "
        f"{(named & wrong).sum() / wrong.sum():.1%} of the wrong ones, {wrong[named].mean():.1%} of those rightly; "
        f"most at half of them rightly {found_at_half:.1%}"
    )


def best_recall(wrong: NDArray[np.bool_], precision: float) -> float:
    """Return the largest share of the wrong ones in a beginning of the list with this precision."""
    found = np.cumsum(wrong)
    return float(found[found / np.arange(1, len(wrong) + 1) >= precision].max(initial=0) / wrong.sum())


def spoil_labels(labels: NDArray[np.uint8], share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the labels with this share of them replaced by another digit."""
    chosen = rng.permutation(len(labels))[: round(share * len(labels))]
    spoilt = labels.copy()
    spoilt[chosen] = (labels[chosen] + rng.integers(1, 10, len(chosen))) % 10
    return spoilt


def lay_on_paper(digits: Digits, rng: np.random.Generator) -> Digits:
    images = [read_from_sheet(enlarge_digit(image, rng), ANY_PAPER, rng) for image in digits.images]
    return Digits(np.stack(images), digits.labels)


def write_digits(count: int, rng: np.random.Generator) -> Digits:
    """Return digits in the generator's usual and unusual styles, on paper."""
    labels = rng.integers(0, 10, count).astype(np.uint8)
    return Digits(np.stack([read_from_sheet(write_digit(int(d), rng), ANY_PAPER, rng) for d in labels]), labels)


def write_crossed_sevens(count: int, rng: np.random.Generator) -> Digits:
    images = [read_from_sheet(write_in_style(crossed_seven, rng), ANY_PAPER, rng) for _ in range(count)]
    return Digits(np.stack(images), np.full(count, 7, np.uint8))


if __name__ == "__main__":
    main()
