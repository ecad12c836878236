"""Plots of the page "How good is it?"."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recognizer.figures.streams import MAX_MISTAKES, AuditedAnswers, StreamFigures
from recognizer.plots import LinePlot, MatrixPlot, Plot, Point, ReliabilityBin, ReliabilityPlot, Series
from recognizer.plots.plot import write_number

DIGITS = tuple("0123456789")


def stream_plots(figures: StreamFigures, audited: AuditedAnswers) -> list[Plot]:
    """Return the plots of a stream for which there is something to draw."""
    plots: list[Plot] = []
    if sum(bool(month.error.audited) for month in figures.months) > 1:  # one point shows no course
        plots.append(error_plot(figures))
    if len(figures.months) > 1:
        plots.append(shares_plot(figures))
    if audited.bins:
        plots += [reliability_plot(audited), confusion_plot(audited)]
    return plots


def error_plot(figures: StreamFigures) -> Plot:
    points = tuple(
        Point(place, month.error.rate, month.error.low, month.error.high)
        for place, month in enumerate(figures.months)
        if month.error.audited
    )
    return LinePlot(
        "error",
        _("Wrong among sure answers"),
        _("Month"),
        _("Share, with its 95 % interval"),
        (Series(_("Wrong among sure answers"), points),),
        month_names(figures),
        percent=True,
    )


def shares_plot(figures: StreamFigures) -> Plot:
    sure = tuple(Point(place, month.sure_share) for place, month in enumerate(figures.months))
    corrected = tuple(Point(place, month.corrected_share) for place, month in enumerate(figures.months))
    return LinePlot(
        "shares",
        _("Sure and corrected answers"),
        _("Month"),
        _("Share of all answers"),
        (Series(_("Sure"), sure), Series(_("Corrected"), corrected)),
        month_names(figures),
        percent=True,
        y_range=(0.0, 1.0),
    )


def month_names(figures: StreamFigures) -> tuple[str, ...]:
    return tuple(date_format(month.counts.month, "M Y") for month in figures.months)


def reliability_plot(audited: AuditedAnswers) -> Plot:
    bins = tuple(
        ReliabilityBin(each.low, each.high, each.count, each.confidence, each.right / each.count, *each.interval)
        for each in audited.bins
    )
    return ReliabilityPlot("reliability", _("Confidence of checked answers"), bins)


def confusion_plot(audited: AuditedAnswers) -> Plot:
    notes = []
    if audited.before:
        text = ngettext(
            "%(count)s older answer is left out: the table begins with the last %(errors)s errors.",
            "%(count)s older answers are left out: the table begins with the last %(errors)s errors.",
            audited.before,
        )
        notes.append(text % {"count": write_number(audited.before), "errors": write_number(MAX_MISTAKES)})
    if audited.other_lengths:
        text = ngettext(
            "%(count)s answer with more or fewer digits than were written is left out.",
            "%(count)s answers with more or fewer digits than were written are left out.",
            audited.other_lengths,
        )
        notes.append(text % {"count": write_number(audited.other_lengths)})
    if audited.without_text:
        text = ngettext(
            "%(count)s answer is left out: its picture was removed, and its digits with it.",
            "%(count)s answers are left out: their pictures were removed, and their digits with them.",
            audited.without_text,
        )
        notes.append(text % {"count": write_number(audited.without_text)})
    title = _("Digits of checked answers")
    return MatrixPlot("confusion", title, DIGITS, audited.digits, _("Written"), _("Read as"), " ".join(notes))
