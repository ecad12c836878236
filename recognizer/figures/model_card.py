"""The figures of a model's card as pages show them: headline figures, plots, examples, and a table of all numbers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer.plots import Bar, BarPlot, LinePlot, MatrixPlot, Plot, Point, ReliabilityBin, ReliabilityPlot, Series
from recognizer.plots.plot import write_number

DIGITS = tuple("0123456789")
CARD_PARTS = ("metrics", "thresholds", "training")  # that the table lists
HEADLINES = {
    "metrics test accuracy": gettext_lazy("Correct on MNIST’s 10,000 test digits"),
    "metrics read as png sure but wrong": gettext_lazy("Sure but wrong on the same digits"),
    "metrics robustness on paper": gettext_lazy("Correct on the same digits as photographed paper"),
    "metrics numbers by gap any paper usual": gettext_lazy("Whole numbers read correctly"),
}


@dataclass(frozen=True)
class CardFigures:
    """Figures of a card that a page shows. Parts that the card lacks are empty."""

    headlines: Sequence[tuple[str, str]]
    command: str
    plots: Sequence[Plot]  # what it confuses, and whether its confidence is right
    more_plots: Sequence[Plot]
    changes: Sequence[Mapping[str, Any]]  # one digit under many changes, with what was read
    mistakes: Sequence[Mapping[str, Any]]
    samples: Sequence[Mapping[str, Any]]  # synthetic digits like those that it learnt from
    rows: Sequence[tuple[str, Any]]


def headline(card: Mapping[str, Any], name: str) -> str:
    """Return one of the headline figures in percent; a dash if the card lacks it."""
    value = dict(flatten({part: card.get(part, {}) for part in CARD_PARTS})).get(name)
    return "–" if value is None else write_number(value, percent=True)


def card_figures(card: Mapping[str, Any]) -> CardFigures:
    metrics, training = card.get("metrics", {}), card.get("training", {})
    examples = metrics.get("examples", {})
    flat = dict(flatten({part: card.get(part, {}) for part in CARD_PARTS}))
    drawn = (confusion_plot(metrics), reliability_plot(metrics))
    more = (errors_plot(training), loss_plot(training), changes_plot(metrics), hands_plot(metrics), gaps_plot(metrics))
    return CardFigures(
        headlines=[
            (str(label), write_number(flat[name], percent=True)) for name, label in HEADLINES.items() if name in flat
        ],
        command=flat.get("training command", ""),
        plots=[plot for plot in drawn if plot],
        more_plots=[plot for plot in more if plot],
        changes=examples.get("changes", ()),
        mistakes=examples.get("mistakes", ()),
        samples=examples.get("samples", ()),
        rows=[(name, f"{value:.4g}" if isinstance(value, float) else value) for name, value in flat.items()],
    )


def flatten(part: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a nested mapping, each with the joined names that lead to it. Leave out lists."""
    for name, value in part.items():
        label = f"{prefix} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from flatten(value, label)
        elif not isinstance(value, list):
            yield label, value


def confusion_plot(metrics: Mapping[str, Any]) -> Plot | None:
    counts = metrics.get("test", {}).get("confusions")
    if not counts:
        return None
    rows = tuple(tuple(row) for row in counts)
    return MatrixPlot("card-confusion", _("What it confuses"), DIGITS, rows, _("Written"), _("Read as"))


def reliability_plot(metrics: Mapping[str, Any]) -> Plot | None:
    bins = metrics.get("test", {}).get("reliability")
    if not bins:
        return None
    return ReliabilityPlot("card-reliability", _("Is its confidence right?"), tuple(ReliabilityBin(**b) for b in bins))


def errors_plot(training: Mapping[str, Any]) -> Plot | None:
    epochs = training.get("history")
    if not epochs:
        return None
    points = tuple(Point(epoch["number"], 1 - epoch["validation_accuracy"]) for epoch in epochs)
    return LinePlot(
        "card-errors",
        _("How it learnt"),
        _("Epoch"),
        _("Wrong on validation"),
        (Series(_("Wrong on validation"), points),),
        percent=True,
    )


def loss_plot(training: Mapping[str, Any]) -> Plot | None:
    epochs = training.get("history")
    if not epochs:
        return None
    learnt = tuple(Point(epoch["number"], epoch["loss"]) for epoch in epochs)
    held_out = tuple(Point(epoch["number"], epoch["validation_loss"]) for epoch in epochs)
    # Training images are augmented and their labels smoothed, which is why their loss is the higher one.
    return LinePlot(
        "card-loss",
        _("Loss"),
        _("Epoch"),
        _("Loss"),
        (Series(_("Training, augmented"), learnt), Series(_("Validation"), held_out)),
    )


def changes_plot(metrics: Mapping[str, Any]) -> Plot | None:
    shares = metrics.get("robustness")
    if not shares:
        return None
    bars = tuple(Bar(name, 1 - share) for name, share in shares.items())
    return BarPlot("card-changes", _("Wrong test digits under one change"), bars, _("Wrong"), percent=True)


def hands_plot(metrics: Mapping[str, Any]) -> Plot | None:
    hands = metrics.get("unusual_hands")
    if not hands:
        return None
    bars = tuple(Bar(name, shares["right"]) for name, shares in hands.items())
    title = _("Synthetic digits of unusual hands, read correctly")
    return BarPlot("card-hands", title, bars, _("Correct"), percent=True, highest=1.0)


def gaps_plot(metrics: Mapping[str, Any]) -> Plot | None:
    gaps = metrics.get("numbers_by_gap", {}).get("any paper")
    if not gaps:
        return None
    bars = tuple(Bar(name, share) for name, share in gaps.items())
    title = _("Whole numbers read correctly, by the gap between their digits")
    return BarPlot("card-gaps", title, bars, _("Correct"), percent=True, highest=1.0)
