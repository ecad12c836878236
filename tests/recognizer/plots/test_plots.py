"""Plots are valid SVG at the right coordinates, described for screen readers, with a table of their numbers."""

import math
from itertools import pairwise
from xml.etree.ElementTree import fromstring

import pytest
from django.template import engines
from django.utils import translation

from recognizer.plots import (
    Bar,
    BarPlot,
    LinePlot,
    MatrixPlot,
    Point,
    ReliabilityBin,
    ReliabilityPlot,
    Series,
)
from recognizer.plots.axes import vertical_axis

LINE = LinePlot(
    "curve",
    "Learning curve",
    "Epoch",
    "Error",
    (
        Series("Training", (Point(1, 0.08), Point(2, 0.04), Point(3, 0.02))),
        Series("Validation", (Point(1, 0.09, 0.08, 0.1), Point(3, 0.03, 0.02, 0.04))),
    ),
    percent=True,
)
BARS = BarPlot(
    "kinds", "Accuracy", (Bar("clean", 0.99), Bar("blurred", 0.5, 0.4, 0.6)), "Right", percent=True, highest=1.0
)
MATRIX = MatrixPlot("confusion", "Confusion", ("0", "1"), ((90, 10), (0, 100)), "Written", "Read")
RELIABILITY = ReliabilityPlot(
    "reliability",
    "Reliability",
    (ReliabilityBin(0.0, 0.5, 0, 0.0, 0.0), ReliabilityBin(0.5, 1.0, 200, 0.9, 0.8, 0.74, 0.85)),
)
EMPTY = [
    LinePlot("empty", "Nothing", "Month", "Errors", (Series("Errors", ()),)),
    BarPlot("empty", "Nothing", (), "Right"),
    MatrixPlot("empty", "Nothing", ("0", "1"), ((0, 0), (0, 0)), "Written", "Read"),
    ReliabilityPlot("empty", "Nothing", ()),
]
ALL = [LINE, BARS, MATRIX, RELIABILITY]


def render(plot):
    return engines["django"].from_string("{% load plots %}{% plot each %}").render({"each": plot})


def elements(plot, css_class):
    return [each for each in fromstring(plot.svg()).iter() if css_class in each.get("class", "").split()]


def shapes(plot, css_class):
    """Return the elements that show values: all but those of the legend."""
    return [each for each in fromstring(plot.svg()) if css_class in each.get("class", "").split()]


def legend(plot):
    """Return the class of each mark of the legend with its meaning."""
    (group,) = elements(plot, "plot-legend")
    parts = list(group)
    return [(mark.get("class").split()[0], text.text) for mark, text in zip(parts[::2], parts[1::2], strict=True)]


@pytest.mark.parametrize("plot", [*ALL, *EMPTY], ids=lambda plot: type(plot).__name__)
def test_a_plot_is_named_described_and_has_a_table(plot):
    figure = fromstring(f"<page>{render(plot)}</page>")
    svg = figure.find(".//svg")
    by_id = {each.get("id"): "".join(each.itertext()) for each in figure.iter() if each.get("id")}
    assert svg.get("role") == "img"
    assert by_id[svg.get("aria-labelledby")] == plot.title
    assert by_id[svg.get("aria-describedby")] == plot.summary
    assert len(figure.findall(".//tbody/tr")) == len(plot.table().rows)
    widths = {len(row) for row in plot.table().rows}
    assert widths <= {len(plot.table().columns)}
    assert "style" not in {name for each in figure.iter() for name in each.attrib}


def test_a_line_runs_through_its_values():
    axis = vertical_axis([0.02, 0.1])
    first, _second = elements(LINE, "plot-line")[:2]
    heights = [float(point.split()[1]) for point in first.get("d")[1:].split("L")]
    assert heights == pytest.approx([axis.place(y) for y in (0.08, 0.04, 0.02)], abs=0.01)
    assert len(elements(LINE, "plot-point")) == 5
    assert len(elements(LINE, "plot-band")) == 1
    assert LINE.table().rows[1] == ("2", "4\N{NO-BREAK SPACE}%", "")
    assert LINE.table().rows[2] == (
        "3",
        "2\N{NO-BREAK SPACE}%",
        "3\N{NO-BREAK SPACE}% (2\N{NO-BREAK SPACE}% – 4\N{NO-BREAK SPACE}%)",
    )
    assert "Training: from 8\N{NO-BREAK SPACE}% (Epoch 1) to 2\N{NO-BREAK SPACE}% (Epoch 3)." in LINE.summary


def test_months_are_written_below_a_line():
    texts = tuple(f"month {n}" for n in range(12))
    plot = LinePlot("months", "Errors", "Month", "Errors", (Series("Errors", (Point(0, 5), Point(11, 3))),), texts)
    ticks = [each.text for each in elements(plot, "plot-tick")]
    assert "month 0" in ticks
    assert "month 11" not in ticks  # there is space for a few only
    assert plot.table().rows[-1] == ("month 11", "3")


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.031, 0.074), (-3, 250), (5, 5), (0, 0), (1e6, 3e6)])
def test_an_axis_holds_all_values_and_has_round_ticks(low, high):
    axis = vertical_axis([low, high])
    assert axis.low <= low <= high <= axis.high
    values = [value for value, _text in axis.ticks]
    assert 3 <= len(values) <= 8
    steps = [after - before for before, after in pairwise(values)]
    assert max(steps) == pytest.approx(min(steps))
    digit = steps[0] / 10 ** math.floor(math.log10(steps[0]) + 1e-9)
    assert min(abs(digit - each) for each in (1, 2, 5)) < 1e-6


def test_bars_are_as_long_as_their_values():
    clean, blurred = (float(each.get("width")) for each in elements(BARS, "plot-bar"))
    assert blurred / clean == pytest.approx(0.5 / 0.99, abs=1e-3)
    assert len(elements(BARS, "plot-interval")) == 1
    assert BARS.table().rows[1] == ("blurred", "50\N{NO-BREAK SPACE}% (40\N{NO-BREAK SPACE}% – 60\N{NO-BREAK SPACE}%)")


def test_a_matrix_has_every_count_in_its_cell():
    assert [each.text for each in elements(MATRIX, "plot-count")] == ["90", "10", "100"]
    diagonal, error, _last = elements(MATRIX, "plot-fill")
    assert float(diagonal.get("fill-opacity")) > float(error.get("fill-opacity"))
    assert "190 of 200 are right." in MATRIX.summary
    assert "0 read as 1 (10 of 100)" in MATRIX.summary


def test_a_matrix_draws_its_lines_at_once_and_only_cells_with_a_count():
    (lines,) = elements(MATRIX, "plot-cell")
    assert lines.get("d").count("h68") == lines.get("d").count("v68") == 3  # around and between two rows and columns
    assert [each.text for each in elements(MATRIX, "plot-count")] == ["90", "10", "100"]
    assert [fill.findtext("title") for fill in elements(MATRIX, "plot-fill")] == [
        "0 → 0: 90",
        "0 → 1: 10",
        "1 → 1: 100",
    ]


def test_a_reliability_diagram_shows_only_ranges_with_answers():
    (point,) = shapes(RELIABILITY, "plot-point")
    (diagonal,) = shapes(RELIABILITY, "plot-diagonal")
    assert float(point.get("cy")) > float(diagonal.get("y2"))
    assert "differ by 10\N{NO-BREAK SPACE}% over 200 answers" in RELIABILITY.summary
    assert RELIABILITY.table().rows == (
        (
            "50\N{NO-BREAK SPACE}% – 100\N{NO-BREAK SPACE}%",
            "200",
            "90\N{NO-BREAK SPACE}%",
            "80\N{NO-BREAK SPACE}% (74\N{NO-BREAK SPACE}% – 85\N{NO-BREAK SPACE}%)",
        ),
    )


def test_the_most_frequent_errors_are_all_named_if_several_are():
    tied = MatrixPlot("tied", "Tied", ("0", "1", "2"), ((8, 2, 0), (0, 9, 0), (2, 0, 8)), "Written", "Read")
    assert "The most frequent errors, 2 each: 0 read as 1, 2 read as 0." in tied.summary


def test_a_reliability_diagram_begins_below_what_it_draws_and_shows_every_count():
    bins = (ReliabilityBin(0.6, 0.7, 3, 0.65, 0.7), ReliabilityBin(0.9, 1.0, 9846, 0.99, 0.99))
    plot = ReliabilityPlot("sure", "Sure", bins)
    assert plot.starts == (0.6, 0.6)
    assert [each.text for each in elements(plot, "plot-count")] == ["3", "9,846"]
    few, many = (float(each.get("height")) for each in shapes(plot, "plot-histogram"))
    assert 2 <= few < many
    lowest = max(float(each.get("cy")) for each in shapes(plot, "plot-point"))
    assert lowest < min(float(each.get("y")) for each in shapes(plot, "plot-histogram"))  # no point lies on a bar


def test_the_marks_of_a_reliability_diagram_are_explained_above_it():
    marks = [
        ("plot-point", "Share that is right"),
        ("plot-diagonal", "Both are equal"),
        ("plot-histogram", "Number of answers"),
    ]
    assert legend(RELIABILITY) == [*marks, ("plot-interval", "95\N{NO-BREAK SPACE}% interval")]
    without_intervals = ReliabilityPlot("r", "R", (ReliabilityBin(0.5, 1.0, 200, 0.9, 0.8),))
    assert legend(without_intervals) == marks
    assert RELIABILITY.svg().startswith('<svg class="plot-drawing" viewBox="0 -40 440 340"')


def test_names_cannot_add_elements():
    plot = BarPlot("names", "<b>", (Bar("<script>alert(1)</script>", 1),), "Right")
    assert "<script" not in render(plot)
    assert "<b>" not in render(plot)


def test_coordinates_have_a_point_in_every_language():
    with translation.override("de"):
        drawn = BARS.svg()
        assert BARS.table().rows[0][1] == "99\N{NO-BREAK SPACE}%"
        line = LinePlot("line", "Line", "x", "y", (Series("s", (Point(0, 1.24),)),))
        assert line.table().rows[0][1] == "1,24"
    assert all("," not in each.get("width", "") for each in fromstring(drawn).iter())
