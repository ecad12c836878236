"""Matrix plots, such as the confusion matrix of a model."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from recognizer.plots.plot import Plot, Table, add, add_text, write_number

CELL = 34.0
MAX_NAMED = 3  # most frequent errors that the summary names
LEFT, TOP = 52.0, 46.0  # margins that hold the names and the labels


@dataclass(frozen=True)
class MatrixPlot(Plot):
    """Counts by row and column. The diagonal has one colour and all other cells another, each by its share of its row.

    In a confusion matrix a row is what was written, a column is what was read, and the diagonal is right.
    """

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]  # by row and column
    row_label: str
    column_label: str
    note: str = ""  # what the counts leave out

    @property
    def size(self) -> tuple[float, float]:
        side = CELL * len(self.names)
        return LEFT + side + 4, TOP + side + 4

    @property
    def summary(self) -> str:
        return f"{self._describe_counts()} {self.note}".strip()

    def _describe_counts(self) -> str:
        total = sum(map(sum, self.counts))
        if not total:
            return _("There are no values yet.")
        right = sum(row[place] for place, row in enumerate(self.counts))
        text = _("%(right)s of %(total)s are right.") % {"right": write_number(right), "total": write_number(total)}
        errors = [
            (count, r, c) for r, counts in enumerate(self.counts) for c, count in enumerate(counts) if count and r != c
        ]
        most = max(errors, default=(0, 0, 0))[0]
        frequent = [(row, column) for count, row, column in errors if count == most]
        if frequent:
            named = [
                _("%(row)s read as %(column)s") % {"row": self.names[row], "column": self.names[column]}
                for row, column in frequent[:MAX_NAMED]
            ]
            if len(named) > 1:
                sentence = _("The most frequent errors, %(count)s each: %(errors)s.")
            else:
                sentence = _("The most frequent error: %(errors)s (%(count)s of %(all)s).")
            numbers = {"count": write_number(most), "all": write_number(sum(self.counts[frequent[0][0]]))}
            text += " " + sentence % (numbers | {"errors": ", ".join(named)})
        return text

    def table(self) -> Table:
        rows = (
            (name, *(write_number(count) for count in counts))
            for name, counts in zip(self.names, self.counts, strict=True)
        )
        return Table((f"{self.row_label} ↓ · {self.column_label} →", *self.names), tuple(rows))

    def draw(self, svg: Element) -> None:
        middle = CELL * len(self.names) / 2
        add_text(svg, self.column_label, LEFT + middle, 14, "plot-label")
        add_text(svg, self.row_label, 14, TOP + middle, "plot-label").set(
            "transform", f"rotate(-90 14 {TOP + middle:g})"
        )
        for place, name in enumerate(self.names):
            add_text(svg, name, LEFT + CELL * (place + 0.5), TOP - 9, "plot-tick")
            add_text(svg, name, LEFT - 8, TOP + CELL * (place + 0.5) + 4, "plot-tick plot-tick-left")
        side = CELL * len(self.names)
        edges = [CELL * place for place in range(len(self.names) + 1)]
        lines = [f"M{LEFT:g} {TOP + edge:g}h{side:g}M{LEFT + edge:g} {TOP:g}v{side:g}" for edge in edges]
        add(svg, "path", "plot-cell", d="".join(lines))
        for row, counts in enumerate(self.counts):
            for column, count in enumerate(counts):
                if count:
                    self._draw_count(svg, row, column, count, count / sum(counts))

    def _draw_count(self, svg: Element, row: int, column: int, count: int, share: float) -> None:
        x, y = LEFT + CELL * column, TOP + CELL * row
        tooltip = f"{self.names[row]} → {self.names[column]}: {write_number(count)}"
        # The root makes the few errors visible beside the many right answers.
        style = "plot-series-1" if row == column else "plot-series-2"
        opacity = 0.08 + 0.42 * share**0.5  # so that the count stays readable in both themes
        size = CELL - 2
        add(svg, "rect", f"plot-fill {style}", tooltip, x=x + 1, y=y + 1, width=size, height=size, fill_opacity=opacity)
        css_class = "plot-count plot-count-small" if count >= 10_000 else "plot-count"
        add_text(svg, str(count), x + CELL / 2, y + CELL / 2 + 4, css_class)
