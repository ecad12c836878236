"""Line plots, such as learning curves and error rates by month."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from recognizer.plots.axes import draw_axes, horizontal_axis, vertical_axis
from recognizer.plots.legend import LINE, Mark, draw_legend, legend_height
from recognizer.plots.plot import Plot, Table, add, path_through, write_number

STYLES = 4  # that the stylesheet tells apart by colour and by dashes


@dataclass(frozen=True)
class Point:
    """One value of a series, with the ends of its interval where it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Series:
    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class LinePlot(Plot):
    """Plot of up to four series over a common axis. `x_texts` names the values 0, 1, 2 …, for example months."""

    x_label: str
    y_label: str
    series: tuple[Series, ...]
    x_texts: tuple[str, ...] = ()
    percent: bool = False  # shares from 0 to 1 are written as percentages
    y_range: tuple[float, float] | None = None

    @property
    def summary(self) -> str:
        sentences = []
        for series in self.series:
            if series.points:
                first, last = series.points[0], series.points[-1]
                values = {
                    "name": series.name,
                    "first": self._write(first.y),
                    "from": self._place_of(first.x),
                    "last": self._write(last.y),
                    "to": self._place_of(last.x),
                }
                if len(series.points) == 1:
                    sentences.append(_("%(name)s: %(first)s (%(from)s).") % values)
                else:
                    sentences.append(_("%(name)s: from %(first)s (%(from)s) to %(last)s (%(to)s).") % values)
        return " ".join(sentences) or _("There are no values yet.")

    def table(self) -> Table:
        places = sorted({point.x for series in self.series for point in series.points})
        found = [{point.x: point for point in series.points} for series in self.series]
        rows = tuple(
            (self._text_of(x), *(self._write_point(points[x]) if x in points else "" for points in found))
            for x in places
        )
        return Table((self.x_label, *(series.name for series in self.series)), rows)

    def draw(self, svg: Element) -> None:
        points = [point for series in self.series for point in series.points]
        across = horizontal_axis([point.x for point in points], texts=self.x_texts)
        ends = [end for point in points for end in (point.y, point.low, point.high) if end is not None]
        up = vertical_axis(ends, percent=self.percent, fixed=self.y_range)
        draw_axes(svg, across, up, self.x_label, self.y_label)
        for number, series in enumerate(self.series):
            style = f"plot-series-{number % STYLES + 1}"
            places = [(across.place(point.x), up.place(point.y)) for point in series.points]
            band = [point for point in series.points if point.low is not None and point.high is not None]
            if len(band) > 1:
                upper = [(across.place(point.x), up.place(point.high or 0.0)) for point in band]
                lower = [(across.place(point.x), up.place(point.low or 0.0)) for point in reversed(band)]
                add(svg, "path", f"plot-band {style}", d=path_through([*upper, *lower]) + "Z")
            if len(places) > 1:
                add(svg, "path", f"plot-line {style}", d=path_through(places))
            for point, (x, y) in zip(series.points, places, strict=True):
                tooltip = f"{series.name}, {self._text_of(point.x)}: {self._write_point(point)}"
                add(svg, "circle", f"plot-point {style}", tooltip, cx=x, cy=y, r=3)
        draw_legend(svg, self._marks)

    @property
    def headroom(self) -> float:
        return legend_height(len(self._marks))

    @property
    def _marks(self) -> list[Mark]:
        """Return the legend. One series needs none: the title names it."""
        styles = [f"plot-line plot-series-{number % STYLES + 1}" for number in range(len(self.series))]
        named = [Mark(style, LINE, series.name) for style, series in zip(styles, self.series, strict=True)]
        return named if len(named) > 1 else []

    def _write(self, value: float) -> str:
        return write_number(value, percent=self.percent)

    def _write_point(self, point: Point) -> str:
        if point.low is None or point.high is None:
            return self._write(point.y)
        return f"{self._write(point.y)} ({self._write(point.low)} – {self._write(point.high)})"

    def _place_of(self, x: float) -> str:
        """Return a value of the axis in words, such as "Epoch 3"."""
        return self._text_of(x) if self.x_texts else f"{self.x_label} {self._text_of(x)}"

    def _text_of(self, x: float) -> str:
        return self.x_texts[int(x)] if self.x_texts and x < len(self.x_texts) else write_number(x)
