"""Comparison of recipes for the digit network, by short trainings on 45,000 of MNIST's training digits.

Synthetic digits are added as in a full training. The other 15,000 training digits are read; MNIST's test set is not
used.

python -m bench.recipes --data mnist 16-32/48-48/112-112 16-32/48-48/80-80-80 --stray 1 0.7
"""

import itertools
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.options import add_data_option, create_parser
from mlcore.reading.engine import NOT_A_DIGIT, to_scores
from mlcore.training.datasets.augment import DEFAULT_AUGMENTATION
from mlcore.training.datasets.digits import DigitCounts, render_digits
from mlcore.training.datasets.epochs import Mixture
from mlcore.training.datasets.mnist import Digits, concatenate, load_split
from mlcore.training.evaluation.evaluate import fit_digit_temperature
from mlcore.training.networks.digit import ARCHITECTURES, Widths, build_digitscribe
from mlcore.training.networks.fit import PLANS, fit_digit_network, predict_logits

HELD_OUT = 10_000  # training digits, in addition to the 5,000 of the validation split
SYNTHETIC = DigitCounts(clean=20_000, sheet=12_000, mnist_sheet=0, coarse=0, negative=10_000, line=0)  # without MNIST
SYNTHETIC_PER_EPOCH = 20_000
RUNS = Path("runs")


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("widths", nargs="+", help="channels by resolution, as 16-32/48-48/80-80-80")
    add_data_option(parser)
    parser.add_argument("--stray", type=float, nargs="+", default=[1.0], help="shares of the usual augmentation")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    split = load_split(options.data)
    train = split.train[HELD_OUT:]
    held_out = concatenate([split.validation, split.train[:HELD_OUT]])
    synthetic = render_digits(SYNTHETIC, train, 1, RUNS)
    checks = render_digits(SYNTHETIC.scaled(0.1), held_out, 2, RUNS)
    print(
        f"Epochs: {options.epochs}, seed: {options.seed}. Columns: errors in {len(held_out):,} digits, their log loss,"
    )
    print("the same for synthetic digits, seconds per epoch", flush=True)
    for widths, share in itertools.product(options.widths, options.stray):
        ARCHITECTURES[widths] = partial(build_digitscribe, widths=parse_widths(widths))
        plan = replace(PLANS["digitscribe"], architecture=widths, epochs=options.epochs, seed=options.seed)
        augmentation = DEFAULT_AUGMENTATION.scaled(share)
        mixture = Mixture(train, synthetic, SYNTHETIC_PER_EPOCH, augmentation, reduced_from=plan.epochs * 2 // 3)
        with tempfile.TemporaryDirectory() as scratch:
            fitted = fit_digit_network(plan, mixture, checks, Path(scratch))
        errors, loss = count_errors(fitted.model, held_out)
        synthetic_errors, synthetic_loss = count_errors(fitted.model, checks)
        seconds = np.median([epoch.seconds for epoch in fitted.history])
        name = f"{widths} ×{share:g}"
        print(f"{name:32} {errors:5} {loss:.5f} {synthetic_errors:5} {synthetic_loss:.5f} {seconds:5.0f}", flush=True)


def parse_widths(widths: str) -> Widths:
    return tuple(tuple(map(int, stage.split("-"))) for stage in widths.split("/"))


def count_errors(model: Any, digits: Digits) -> tuple[int, float]:
    """Return the number of wrongly read digits and the calibrated log loss, negatives left out."""
    logits = predict_logits(model, digits.images)
    is_digit = np.flatnonzero(digits.labels < NOT_A_DIGIT)
    temperature = fit_digit_temperature(logits, digits.labels)
    probabilities = to_scores(logits[is_digit], temperature).probabilities
    labels = digits.labels[is_digit]
    of_label = probabilities[np.arange(len(is_digit)), labels]
    return int((probabilities.argmax(axis=1) != labels).sum()), float(-np.log(np.maximum(of_label, 1e-9)).mean())


if __name__ == "__main__":
    main()
