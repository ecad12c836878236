"""Plots that the server draws as SVG: lines, bars, matrices and reliability diagrams.

A plot is a frozen dataclass. `{% plot %}` (`recognizer.templatetags.plots`) renders it as a figure with its title, a
summary for screen readers, and a table of its numbers. Colours, dark mode and print are in `static/css/plots.css`.
"""

from recognizer.plots.bars import Bar, BarPlot
from recognizer.plots.line import LinePlot, Point, Series
from recognizer.plots.matrix import MatrixPlot
from recognizer.plots.plot import Plot, Table
from recognizer.plots.reliability import ReliabilityBin, ReliabilityPlot

__all__ = [
    "Bar",
    "BarPlot",
    "LinePlot",
    "MatrixPlot",
    "Plot",
    "Point",
    "ReliabilityBin",
    "ReliabilityPlot",
    "Series",
    "Table",
]
