"""Legends: what the marks of a plot mean, two in a row above its axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from recognizer.plots.axes import LEFT
from recognizer.plots.plot import WIDTH, add, add_text, coordinate

ROW = 20.0  # height of a row
# The marks as paths, from the left end of a place that is 24 units wide.
LINE, POINT, BAR, UPRIGHT = "h24", "m8 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0", "m0-5h24v10h-24Z", "m12-8v16"


@dataclass(frozen=True)
class Mark:
    """A mark as the plot draws it, and its meaning."""

    style: str
    path: str
    text: str


def legend_height(count: int) -> float:
    return ROW * math.ceil(count / 2)


def draw_legend(svg: Element, marks: Sequence[Mark]) -> None:
    """Write the meaning of each mark after the mark itself, above the plot."""
    if not marks:
        return
    group = add(svg, "g", "plot-legend")
    for number, mark in enumerate(marks):
        row, column = divmod(number, 2)
        x, y = LEFT + column * (WIDTH - LEFT) / 2, ROW * (row + 0.5) - legend_height(len(marks))
        add(group, "path", mark.style, d=f"M{coordinate(x)} {coordinate(y)}{mark.path}")
        add_text(group, mark.text, x + 32, y + 4, "plot-name")
