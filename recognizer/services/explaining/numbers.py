"""The values of the numbers page: one cell of one step of the network, with all that its value is computed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from mlcore.explaining.arithmetic import (
    DIGITS,
    PooledCell,
    SoftmaxTable,
    WeightedCell,
    pooled_cell,
    share_of_being_a_digit,
    softmax_table,
    weighted_cell,
)
from mlcore.explaining.forward import LOGITS, Step
from mlcore.explaining.geometry import Window, find_peak, strongest_first
from mlcore.explaining.mosaic import MosaicLayout
from mlcore.reading.engine import NOT_A_DIGIT
from recognizer.problems import Problem
from recognizer.services.explaining.explanations import ExplainedGlyph
from recognizer.services.explaining.exploring import Tile

MAX_TERMS = 8  # channels of the step before that are shown at first
MAX_SUMMED_TERMS = 16  # the same of a step whose window is one cell: a row of a table each
Grid = list[list[float]]


@dataclass(frozen=True, slots=True)
class Term:
    """Contribution of one channel of the step before: its window times the kernel."""

    channel: int
    tile: Tile
    patch: Grid
    kernel: Grid
    products: Grid
    amount: float


@dataclass(frozen=True, slots=True)
class SummedTerm:
    """One product of a step whose window is a single cell, with the sum of all products so far."""

    channel: int
    value: float
    weight: float
    amount: float  # value times weight
    sum: float


@dataclass(frozen=True)
class NumbersCell:
    """One cell of a step, with its arithmetic."""

    explained: ExplainedGlyph
    position: int  # of the step
    channel: int
    row: int
    column: int

    @property
    def step(self) -> Step:
        return self.explained.explainer.steps[self.position]

    @property
    def before(self) -> Step | None:
        """Return the step before; None: the input itself."""
        return self.explained.explainer.steps[self.position - 1] if self.position else None

    @property
    def previous_channel(self) -> int | None:
        return self.channel - 1 if self.channel else None

    @property
    def next_channel(self) -> int | None:
        return self.channel + 1 if self.channel + 1 < self.step.shape[2] else None

    @property
    def before_name(self) -> str:
        return self.before.name if self.before else "input"

    @property
    def has_map(self) -> bool:
        """Return whether the step's channels are maps with a picture, not single numbers."""
        return self.step.kind in ("conv", "pool")

    @property
    def before_has_map(self) -> bool:
        return self.before is not None and self.before.kind in ("conv", "pool")

    @property
    def layout(self) -> MosaicLayout:
        return MosaicLayout(self.step.shape)

    @property
    def before_layout(self) -> MosaicLayout:
        return MosaicLayout(self.step.geometry.before)

    @property
    def tile(self) -> Tile:
        return Tile.in_layout(self.layout, self.channel)

    @property
    def before_tile(self) -> Tile:
        """Return the tile of the same channel in the step before, which a pooling sees, or the tile of the input."""
        return Tile.in_layout(self.before_layout, self.channel if self.before else 0)

    @cached_property
    def weighted(self) -> WeightedCell | None:
        if self.step.weighting is None:
            return None
        return weighted_cell(self.step, self._input, self.channel, self.row, self.column)

    @cached_property
    def pooled(self) -> PooledCell | None:
        if self.step.weighting is not None:
            return None
        return pooled_cell(self.step, self._input, self.channel, self.row, self.column)

    @property
    def value(self) -> float:
        cell = self.weighted or self.pooled
        return cell.value if cell else 0.0

    @property
    def window(self) -> Window:
        """Return the window in the step before, without what lies outside of it."""
        window = self.step.geometry.window(self.row, self.column)
        height, width, _ = self.step.geometry.before
        return Window(max(window.top, 0), max(window.left, 0), min(window.bottom, height), min(window.right, width))

    @property
    def sees_single_cells(self) -> bool:
        """Return whether the window is one cell, so that all products fit into one table."""
        return self.step.geometry.size == (1, 1)

    def terms(self, count: int | None = MAX_TERMS) -> list[Term]:
        """Return the terms of a step with weights, the largest first; all of them for None."""
        cell = self.weighted
        return [self._term(cell, channel) for channel in cell.largest_first()[:count]] if cell else []

    def _term(self, cell: WeightedCell, channel: int) -> Term:
        patch, kernel, products = (array[..., channel].tolist() for array in (cell.patch, cell.kernel, cell.products))
        tile = Tile.in_layout(self.before_layout, channel)
        return Term(channel, tile, patch, kernel, products, float(cell.sums[channel]))

    def others(self, shown: Sequence[Term | SummedTerm]) -> tuple[int, float]:
        """Return the number of terms that are not shown, and their sum."""
        if self.weighted is None:
            return 0, 0.0
        return len(self.weighted.sums) - len(shown), self.weighted.total - sum(term.amount for term in shown)

    def summed_terms(self, count: int | None = MAX_SUMMED_TERMS) -> list[SummedTerm]:
        """Return the products of a step whose window is one cell, the largest first; all of them for None."""
        cell = self.weighted
        if cell is None:
            return []
        values, weights, products = (array.reshape(-1).tolist() for array in (cell.patch, cell.kernel, cell.products))
        channels = cell.largest_first()[:count]
        sums = accumulate(products[channel] for channel in channels)
        return [
            SummedTerm(channel, values[channel], weights[channel], products[channel], total)
            for channel, total in zip(channels, sums, strict=True)
        ]

    @property
    def softmax(self) -> SoftmaxTable | None:
        """Return the last step's softmax over the ten digits; None for other steps."""
        if self.step.name != LOGITS:
            return None
        return softmax_table(self.logits, self.explained.explainer.engine.artifact.card.temperature, DIGITS)

    @property
    def logits(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return self.explained.outputs[LOGITS].reshape(-1)

    @property
    def is_digit(self) -> float:
        """Return the probability that the input is a digit at all."""
        return share_of_being_a_digit(self.logits, self.explained.explainer.engine.artifact.card.temperature)

    @property
    def label(self) -> int | None:
        """Return the digit whose logit the cell of the last step is; None for other steps and for "not a digit"."""
        return self.channel if self.step.name == LOGITS and self.channel != NOT_A_DIGIT else None

    @property
    def _input(self) -> "np.ndarray[tuple[int, int, int], np.dtype[np.float64]]":
        return self.explained.outputs[self.before_name]


@dataclass(frozen=True, slots=True)
class StepLink:
    """One step in the row of steps, with the channel that its link opens."""

    step: Step
    channel: int
    is_open: bool


def step_links(explained: ExplainedGlyph, open_name: str) -> list[StepLink]:
    return [
        StepLink(step, strongest_channel(explained, step), step.name == open_name) for step in explained.explainer.steps
    ]


def strongest_channel(explained: ExplainedGlyph, step: Step) -> int:
    """Return the channel with the strongest response, which is the answer in the last step."""
    outputs = explained.outputs[step.name]
    if step.name == LOGITS:
        return int(outputs.reshape(-1)[:NOT_A_DIGIT].argmax())
    return strongest_first(outputs)[0]


def open_cell(
    explained: ExplainedGlyph, name: str | None, channel: int | None, at: tuple[int, int] | None = None
) -> NumbersCell:
    """Return a cell of a step: the first step, its strongest channel and its strongest cell where none is named.

    Raise a Problem (not_found) for a step or a channel that the network does not have.
    """
    steps = explained.explainer.steps
    position = next((n for n, step in enumerate(steps) if step.name == name), None) if name else 0
    if position is None:
        raise Problem("not_found")
    step = steps[position]
    opened = strongest_channel(explained, step) if channel is None else channel
    if not 0 <= opened < step.shape[2]:
        raise Problem("not_found")
    if at is None or at[0] >= step.shape[0] or at[1] >= step.shape[1]:
        at = find_peak(explained.outputs[step.name][..., opened])
    return NumbersCell(explained, position, opened, *at)
