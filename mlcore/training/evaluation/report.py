"""Pictures of a training, drawn with matplotlib: learning curves, confusion, reliability, worst mistakes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # files only: no window is ever opened

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mlcore.reading.engine import NOT_A_DIGIT, Engine, scores
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.evaluate import Calibration, calibration, confusion

WORST = 40


def draw_report(
    engine: Engine, temperature: float, training: Mapping[str, Any], test: Digits, folder: Path
) -> list[Path]:
    """Four PNG files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    logits = engine.logits(test.images)
    judged = scores(logits, temperature)
    figures = {
        "learning-curves": _curves(training.get("history", [])),
        "confusion": _confusion(confusion(lambda images: logits, test)),
        "reliability": _reliability(calibration(judged.probabilities, test.labels)),
        "worst-mistakes": _worst(test, judged.probabilities),
    }
    paths = []
    for name, figure in figures.items():
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=120, bbox_inches="tight")
    return paths


def _axes(width: float = 6, height: float = 4.5) -> tuple[Figure, Axes]:
    figure = Figure((width, height), layout="constrained")
    return figure, figure.subplots()


def _curves(history: list[Mapping[str, float]]) -> Figure:
    figure, axes = _axes()
    numbers = [line["number"] for line in history]
    axes.plot(numbers, [line["loss"] for line in history], label="loss, training (augmented, smoothed labels)")
    axes.plot(numbers, [line["validation_loss"] for line in history], label="loss, validation")
    axes.set(xlabel="epoch", yscale="log", title="Learning curves")
    errors = axes.twinx()
    wrong = [100 * (1 - line["validation_accuracy"]) for line in history]
    errors.plot(numbers, wrong, "k--", label="errors on validation, %")
    errors.set(ylabel="errors, %", yscale="log")
    axes.legend(loc="upper right")
    errors.legend(loc="lower left")
    return figure


def _confusion(table: NDArray[np.int64]) -> Figure:
    """Mistakes are coloured; what is right is only counted, or it would outshine them."""
    figure, axes = _axes(6, 6)
    mistakes = table.copy()
    np.fill_diagonal(mistakes, 0)
    axes.imshow(mistakes, cmap="OrRd")
    for truth, answer in np.ndindex(table.shape):
        if table[truth, answer]:
            axes.text(answer, truth, str(table[truth, answer]), ha="center", va="center", fontsize=8)
    axes.set(xticks=range(10), yticks=range(10), xlabel="answer", ylabel="truth", title="Confusion on the test set")
    return figure


def _reliability(found: Calibration) -> Figure:
    figure, axes = _axes(5, 5)
    filled = found.count > 0
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.plot(found.confidence[filled], found.accuracy[filled], "o-")
    for x, y, count in zip(found.confidence[filled], found.accuracy[filled], found.count[filled], strict=True):
        axes.annotate(str(count), (x, y), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set(xlabel="confidence", ylabel="share right", title=f"Reliability (ECE {found.error:.4f})")
    return figure


def _worst(test: Digits, probabilities: NDArray[np.float32]) -> Figure:
    """The surest mistakes first."""
    answers = probabilities[:, :NOT_A_DIGIT].argmax(axis=1)
    wrong = np.flatnonzero(answers != test.labels)
    chosen = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:WORST]
    figure = Figure((8, 6), layout="constrained")
    figure.suptitle("The surest mistakes" if len(chosen) else "There are no mistakes")
    for axes, i in zip(figure.subplots(5, 8).flat, [*chosen, *[None] * (WORST - len(chosen))], strict=True):
        axes.axis("off")
        if i is not None:
            axes.imshow(test.images[i], cmap="gray_r", vmin=0, vmax=255)
            axes.set_title(f"{test.labels[i]}, read {answers[i]} ({probabilities[i].max():.0%})", fontsize=7)
    return figure
