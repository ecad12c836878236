"""Reliability diagrams: how often answers are right, by the confidence that they were given with."""

import math
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from recognizer.plots.axes import draw_axes, horizontal_axis, vertical_axis
from recognizer.plots.legend import BAR, LINE, POINT, UPRIGHT, Mark, draw_legend, legend_height
from recognizer.plots.plot import Plot, Table, add, add_text, write_number

STRIP = 56.0  # height of the part below the points that shows how many answers each bin holds
HISTOGRAM, LEAST = 34.0, 2.0  # heights of its largest bar, and of the bar of a single answer
STARTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)  # of the axis of confidence


@dataclass(frozen=True)
class ReliabilityBin:
    """The answers of one range of confidence."""

    low: float  # ends of the range
    high: float
    count: int
    confidence: float  # mean of its answers
    right: float  # share of its answers that are right
    right_low: float | None = None  # ends of that share's interval
    right_high: float | None = None


@dataclass(frozen=True)
class ReliabilityPlot(Plot):
    """The share of right answers against the confidence. Points on the diagonal keep what the confidence promises."""

    bins: tuple[ReliabilityBin, ...]

    @property
    def filled(self) -> tuple[ReliabilityBin, ...]:
        return tuple(each for each in self.bins if each.count)

    @property
    def summary(self) -> str:
        if not self.filled:
            return _("There are no answers yet.")
        total = sum(each.count for each in self.filled)
        error = sum(each.count * abs(each.right - each.confidence) for each in self.filled) / total
        worst = max(self.filled, key=lambda each: abs(each.right - each.confidence))
        return _(
            "On average, confidence and share of right answers differ by %(error)s over %(total)s answers. "
            "They differ most at a confidence of %(confidence)s, where %(right)s are right."
        ) % {
            "error": write_number(error, percent=True),
            "total": write_number(total),
            "confidence": write_number(worst.confidence, percent=True),
            "right": write_number(worst.right, percent=True),
        }

    def table(self) -> Table:
        columns = (_("Confidence"), _("Answers"), _("Mean confidence"), _("Right"))
        return Table(columns, tuple(self._row(each) for each in self.filled))

    def _row(self, each: ReliabilityBin) -> tuple[str, ...]:
        right = write_number(each.right, percent=True)
        if each.right_low is not None and each.right_high is not None:
            low, high = (write_number(end, percent=True) for end in (each.right_low, each.right_high))
            right = f"{right} ({low} – {high})"
        ends = f"{write_number(each.low, percent=True)} – {write_number(each.high, percent=True)}"
        return ends, write_number(each.count), write_number(each.confidence, percent=True), right

    @property
    def starts(self) -> tuple[float, float]:
        """Return where the axes of confidence and of right answers begin: below everything that is drawn."""
        lowest = min((each.low for each in self.filled), default=0.0)
        start = max(value for value in STARTS if value <= lowest + 1e-9)
        ends = [each.right if each.right_low is None else each.right_low for each in self.filled]
        return start, min(start, math.floor(10 * min(ends, default=0.0) + 1e-9) / 10)

    @property
    def headroom(self) -> float:
        return legend_height(len(self._marks))

    @property
    def _marks(self) -> list[Mark]:
        marks = [
            Mark("plot-point plot-series-1", POINT, _("Share that is right")),
            Mark("plot-diagonal", LINE, _("Both are equal")),
            Mark("plot-histogram", BAR, _("Number of answers")),
        ]
        if any(each.right_low is not None for each in self.filled):
            marks.append(Mark("plot-interval", UPRIGHT, _("95\N{NO-BREAK SPACE}% interval")))
        return marks

    def draw(self, svg: Element) -> None:
        start, lowest = self.starts
        across = horizontal_axis((), percent=True, fixed=(start, 1.0))
        whole = vertical_axis((), percent=True, fixed=(lowest, 1.0))
        up = replace(whole, start=whole.start - STRIP)
        draw_axes(svg, across, up, _("Confidence"), _("Share that is right"))
        most = max((each.count for each in self.filled), default=1)
        for each in self.filled:
            top = whole.start - max(LEAST, HISTOGRAM * each.count / most)
            left, right = across.place(each.low) + 0.5, across.place(each.high) - 0.5
            tooltip = " · ".join(self._row(each))
            add(
                svg,
                "rect",
                "plot-histogram",
                tooltip,
                x=left,
                y=top,
                width=max(LEAST, right - left),
                height=whole.start - top,
            )
            add_text(svg, write_number(each.count), (left + right) / 2, top - 4, "plot-count")
        add(svg, "line", "plot-diagonal", x1=across.start, y1=up.place(start), x2=across.end, y2=up.end)
        for each in self.filled:
            x, y = across.place(each.confidence), up.place(each.right)
            if each.right_low is not None and each.right_high is not None:
                low, high = up.place(each.right_low), up.place(each.right_high)
                add(svg, "path", "plot-interval", d=f"M{x:.2f} {low:.2f}V{high:.2f}")
            add(svg, "circle", "plot-point plot-series-1", " · ".join(self._row(each)), cx=x, cy=y, r=4)
        draw_legend(svg, self._marks)
