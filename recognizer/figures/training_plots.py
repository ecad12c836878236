"""Plots of a training: its learning curves."""

from typing import Any

from django.utils.translation import gettext as _

from recognizer.models import Training
from recognizer.plots import LinePlot, Plot, Point, Series


def training_plots(training: Training) -> list[Plot]:
    """Return the learning curves of the complete epochs, or nothing before the first one is complete."""
    if not training.epochs:
        return []
    return [loss_plot(training.epochs), accuracy_plot(training.epochs)]


def loss_plot(epochs: list[dict[str, Any]]) -> Plot:
    return LinePlot(
        "loss",
        _("Loss"),
        _("Epoch"),
        _("Loss"),
        (
            Series(_("Learnt images"), points_of(epochs, "loss")),
            Series(_("Validation images"), points_of(epochs, "validation_loss")),
        ),
    )


def accuracy_plot(epochs: list[dict[str, Any]]) -> Plot:
    return LinePlot(
        "accuracy",
        _("Accuracy on validation images"),
        _("Epoch"),
        _("Share read right"),
        (Series(_("Validation images"), points_of(epochs, "validation_accuracy")),),
        percent=True,
    )


def points_of(epochs: list[dict[str, Any]], name: str) -> tuple[Point, ...]:
    return tuple(Point(epoch["number"], epoch[name]) for epoch in epochs)
