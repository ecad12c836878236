"""Axes: ranges that end at round numbers, their ticks, and the frame that they are drawn around."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from recognizer.plots.plot import HEIGHT, WIDTH, add, add_text, write_number

TICKS = 5  # about so many on an axis
LEFT, RIGHT, TOP, BOTTOM = 76.0, 22.0, 12.0, 44.0  # margins that hold the ticks and the labels, also on a phone


@dataclass(frozen=True)
class Axis:
    """One axis with its range, drawn from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]  # value and text

    def place(self, value: float) -> float:
        """Return the coordinate of a value; values beyond the range are drawn at its end."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def horizontal_axis(
    values: Sequence[float],
    *,
    percent: bool = False,
    texts: Sequence[str] = (),
    fixed: tuple[float, float] | None = None,
) -> Axis:
    """Return the axis below the plot. With `texts`, value 0, 1, 2 … have these texts instead of numbers."""
    if texts:
        every = max(1, math.ceil(len(texts) / TICKS))
        ticks = tuple((float(n), text) for n, text in enumerate(texts) if n % every == 0)
        return Axis(0.0, max(len(texts) - 1.0, 1.0), LEFT, WIDTH - RIGHT, ticks)
    low, high = fixed or (min(values, default=0.0), max(values, default=1.0))
    if high <= low:
        low, high = low - 0.5, low + 0.5
    ticks = _ticks(low, high, percent=percent)
    if values and not percent and all(float(value).is_integer() for value in values):  # there is no epoch 1.5
        ticks = tuple((value, text) for value, text in ticks if value.is_integer())
    return Axis(low, high, LEFT, WIDTH - RIGHT, ticks)


def vertical_axis(values: Sequence[float], *, percent: bool = False, fixed: tuple[float, float] | None = None) -> Axis:
    """Return the axis at the left, whose range is widened to round numbers unless it is fixed."""
    low, high = fixed or _widened(min(values, default=0.0), max(values, default=1.0))
    return Axis(low, high, HEIGHT - BOTTOM, TOP, _ticks(low, high, percent=percent))


def draw_axes(svg: Element, across: Axis, up: Axis, x_label: str, y_label: str) -> None:
    for value, text in up.ticks:
        y = up.place(value)
        add(svg, "line", "plot-grid", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y)
        add_text(svg, text, LEFT - 6, y + 4, "plot-tick plot-tick-left")
    for value, text in across.ticks:
        add_text(svg, text, across.place(value), HEIGHT - BOTTOM + 17, "plot-tick")
    add(svg, "line", "plot-axis", x1=LEFT, x2=WIDTH - RIGHT, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM)
    add_text(svg, x_label, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "plot-label")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    add_text(svg, y_label, 13, middle, "plot-label").set("transform", f"rotate(-90 13 {middle:g})")


def _step(low: float, high: float) -> float:
    """Return 1, 2 or 5 times a power of ten, so that about TICKS steps fill the range."""
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)


def _ticks(low: float, high: float, *, percent: bool) -> tuple[tuple[float, str], ...]:
    step = _step(low, high)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [round(number * step, 10) for number in range(first, last + 1)]
    return tuple((value, write_number(value, percent=percent)) for value in values)


def _widened(low: float, high: float) -> tuple[float, float]:
    if high <= low:
        margin = abs(low) / 10 or 1.0
        low, high = low - margin, high + margin
    step = _step(low, high)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
