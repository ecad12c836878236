"""A report in pictures, drawn with matplotlib: learning curves, confusion, reliability, worst errors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # draws into files only and needs no display

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mlcore.reading.engine import NOT_A_DIGIT, Engine, to_scores
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.evaluate import Calibration, count_confusions, measure_calibration

WORST = 40


def draw_report(
    engine: Engine, temperature: float, training: Mapping[str, Any], test: Digits, folder: Path
) -> list[Path]:
    """Draw four PNG files into `folder` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    logits = engine.logits(test.images)
    classified = to_scores(logits, temperature)
    figures = {
        "learning-curves": _draw_curves(training.get("history", [])),
        "confusion": _draw_confusion(count_confusions(lambda images: logits, test)),
        "reliability": _draw_reliability(measure_calibration(classified.probabilities, test.labels)),
        "worst-mistakes": _draw_worst(test, classified.probabilities),
    }
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=120, bbox_inches="tight")
    return paths


def _create_axes(width: float = 6, height: float = 4.5) -> tuple[Figure, Axes]:
    figure = Figure((width, height), layout="constrained")
    return figure, figure.subplots()


def _draw_curves(history: list[Mapping[str, float]]) -> Figure:
    figure, axes = _create_axes()
    numbers = [epoch["number"] for epoch in history]
    axes.plot(numbers, [epoch["loss"] for epoch in history], label="loss, training (augmented, smoothed labels)")
    axes.plot(numbers, [epoch["validation_loss"] for epoch in history], label="loss, validation")
    axes.set(xlabel="epoch", yscale="log", title="Learning curves")
    errors = axes.twinx()
    wrong = [100 * (1 - epoch["validation_accuracy"]) for epoch in history]
    errors.plot(numbers, wrong, "k--", label="errors on validation, %")
    errors.set(ylabel="errors, %", yscale="log")
    axes.legend(loc="upper right")
    errors.legend(loc="lower left")
    return figure


def _draw_confusion(table: NDArray[np.int64]) -> Figure:
    """Draw the table of answers; only errors are coloured, because right answers would outshine them."""
    figure, axes = _create_axes(6, 6)
    errors = table.copy()
    np.fill_diagonal(errors, 0)
    axes.imshow(errors, cmap="OrRd")
    for truth, answer in np.ndindex(table.shape):
        if table[truth, answer]:
            axes.text(answer, truth, str(table[truth, answer]), ha="center", va="center", fontsize=8)
    axes.set(xticks=range(10), yticks=range(10), xlabel="answer", ylabel="truth", title="Confusion on the test set")
    return figure


def _draw_reliability(calibration: Calibration) -> Figure:
    figure, axes = _create_axes(5, 5)
    filled = calibration.count > 0
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.plot(calibration.confidence[filled], calibration.accuracy[filled], "o-")
    for x, y, count in zip(
        calibration.confidence[filled], calibration.accuracy[filled], calibration.count[filled], strict=True
    ):
        axes.annotate(str(count), (x, y), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set(xlabel="confidence", ylabel="share right", title=f"Reliability (ECE {calibration.error:.4f})")
    return figure


def _draw_worst(test: Digits, probabilities: NDArray[np.float32]) -> Figure:
    """Draw the wrongly read images, the most confident first."""
    answers = probabilities[:, :NOT_A_DIGIT].argmax(axis=1)
    wrong = np.flatnonzero(answers != test.labels)
    chosen = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:WORST]
    figure = Figure((8, 6), layout="constrained")
    figure.suptitle("The most confident errors" if len(chosen) else "There are no errors")
    for axes, i in zip(figure.subplots(5, 8).flat, [*chosen, *[None] * (WORST - len(chosen))], strict=True):
        axes.axis("off")
        if i is not None:
            axes.imshow(test.images[i], cmap="gray_r", vmin=0, vmax=255)
            axes.set_title(f"{test.labels[i]}, read {answers[i]} ({probabilities[i].max():.0%})", fontsize=7)
    return figure
