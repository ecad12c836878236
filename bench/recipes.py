"""Which recipe reads digits best that it never saw: short trainings, each on 45,000 of MNIST's training digits and
generated ones, judged by the other 15,000. MNIST's test set has no part in it.

python -m bench.recipes --data mnist 16-32/48-48/112-112 16-32/48-48/80-80-80 --stray 1 0.7
"""

import argparse
import itertools
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mlcore.reading.engine import NOT_A_DIGIT, scores
from mlcore.training.datasets import digits as pool
from mlcore.training.datasets.augment import GENTLE
from mlcore.training.datasets.epochs import Mixture
from mlcore.training.datasets.mnist import Digits, joined, load_split
from mlcore.training.evaluation.evaluate import fit_temperature
from mlcore.training.networks import digit as network
from mlcore.training.networks.fit import PLANS, fit, predict_logits

HELD_OUT = 10_000  # training digits, beside the 5,000 that are kept for validation anyway
GENERATED = pool.Amounts(clean=20_000, sheet=12_000, mnist_sheet=0, coarse=0, negative=10_000, line=0)  # no MNIST in it
SHARE = 20_000  # of them an epoch
RUNS = Path("runs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("widths", nargs="+", help="channels by resolution, as 16-32/48-48/80-80-80")
    parser.add_argument("--data", type=Path, help="as for train_model")
    parser.add_argument("--stray", type=float, nargs="+", default=[1.0], help="parts of the usual augmentation")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    split = load_split(options.data)
    learnt = split.train[HELD_OUT:]
    unseen = joined([split.validation, split.train[:HELD_OUT]])
    written = pool.generate(GENERATED, learnt, 1, RUNS)
    checks = pool.generate(GENERATED.scaled(0.1), unseen, 2, RUNS)
    print(f"Epochs: {options.epochs}, seed: {options.seed}. Wrong of {len(unseen):,} digits, their log loss, the same")
    print("of generated digits, seconds an epoch", flush=True)
    for widths, stray in itertools.product(options.widths, options.stray):
        network.ARCHITECTURES[widths] = partial(network.digitscribe, widths=parsed(widths))
        plan = replace(PLANS["digitscribe"], architecture=widths, epochs=options.epochs, seed=options.seed)
        mixture = Mixture(learnt, written, SHARE, GENTLE.scaled(stray), calm_from=plan.epochs * 2 // 3)
        with tempfile.TemporaryDirectory() as scratch:
            fitted = fit(plan, mixture, checks, Path(scratch))
        wrong, loss = judged(fitted.model, unseen)
        wrong_written, loss_written = judged(fitted.model, checks)
        seconds = np.median([epoch.seconds for epoch in fitted.history])
        name = f"{widths} ×{stray:g}"
        print(f"{name:32} {wrong:5} {loss:.5f} {wrong_written:5} {loss_written:.5f} {seconds:5.0f}", flush=True)


def parsed(widths: str) -> network.Widths:
    return tuple(tuple(map(int, stage.split("-"))) for stage in widths.split("/"))


def judged(model: Any, digits: Digits) -> tuple[int, float]:
    """How many digits are wrong, and their log loss, calibrated. What is no digit is left out."""
    logits = predict_logits(model, digits.images)
    which = np.flatnonzero(digits.labels < NOT_A_DIGIT)
    shares = scores(logits[which], fit_temperature(logits, digits.labels)).probabilities
    labels = digits.labels[which]
    true = shares[np.arange(len(which)), labels]
    return int((shares.argmax(axis=1) != labels).sum()), float(-np.log(np.maximum(true, 1e-9)).mean())


if __name__ == "__main__":
    main()
