"""Bar plots, such as accuracies by kind of picture."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from recognizer.plots.plot import WIDTH, Plot, Table, add, add_text, write_number

ROW = 28.0  # height of a bar with its space
NAMES = (80.0, 240.0)  # least and largest width of the names at the left
LETTER = 7.6  # mean width of a letter on a phone
VALUES = 72.0  # width of the values at the right


@dataclass(frozen=True)
class Bar:
    """One value with its name, and the ends of its interval where it has one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    is_marked: bool = False  # drawn in the second colour, for the bar that matters


@dataclass(frozen=True)
class BarPlot(Plot):
    """Horizontal bars, one below the other. They start at 0, so that their lengths can be compared."""

    bars: tuple[Bar, ...]
    value_label: str
    percent: bool = False
    highest: float | None = None  # the value of the longest possible bar; the largest value by default

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, ROW * max(len(self.bars), 1) + 8

    @property
    def summary(self) -> str:
        if not self.bars:
            return _("There are no values yet.")
        largest, smallest = max(self.bars, key=_value_of), min(self.bars, key=_value_of)
        return _("Largest: %(largest)s, %(most)s. Smallest: %(smallest)s, %(least)s.") % {
            "largest": largest.name,
            "most": self._write(largest.value),
            "smallest": smallest.name,
            "least": self._write(smallest.value),
        }

    def table(self) -> Table:
        return Table((_("Name"), self.value_label), tuple((bar.name, self._write_bar(bar)) for bar in self.bars))

    @property
    def _names_width(self) -> float:
        least, largest = NAMES
        return min(max(LETTER * max((len(bar.name) for bar in self.bars), default=0) + 16, least), largest)

    def draw(self, svg: Element) -> None:
        left = self._names_width
        ends = [end for bar in self.bars for end in (bar.value, bar.high) if end is not None]
        highest = self.highest or max(ends, default=1.0) or 1.0
        length = WIDTH - left - VALUES
        for number, bar in enumerate(self.bars):
            top = 4 + ROW * number
            middle = top + ROW / 2
            share = min(max(bar.value / highest, 0.0), 1.0)
            style = "plot-series-2" if bar.is_marked else "plot-series-1"
            add_text(svg, bar.name, left - 8, middle + 4, "plot-name plot-name-left")
            tooltip = f"{bar.name}: {self._write_bar(bar)}"
            add(svg, "rect", f"plot-bar {style}", tooltip, x=left, y=top + 5, width=length * share, height=ROW - 10)
            end = share
            if bar.low is not None and bar.high is not None:
                low, high = (left + length * min(max(value / highest, 0.0), 1.0) for value in (bar.low, bar.high))
                add(
                    svg,
                    "path",
                    "plot-interval",
                    d=f"M{low:.2f} {middle:g}H{high:.2f}M{low:.2f} {middle - 4:g}v8M{high:.2f} {middle - 4:g}v8",
                )
                end = max(share, (high - left) / length)
            add_text(svg, self._write(bar.value), left + length * end + 8, middle + 4, "plot-value")
        add(svg, "line", "plot-axis", x1=left, x2=left, y1=4, y2=4 + ROW * max(len(self.bars), 1))

    def _write(self, value: float) -> str:
        return write_number(value, percent=self.percent)

    def _write_bar(self, bar: Bar) -> str:
        if bar.low is None or bar.high is None:
            return self._write(bar.value)
        return f"{self._write(bar.value)} ({self._write(bar.low)} – {self._write(bar.high)})"


def _value_of(bar: Bar) -> float:
    return bar.value
