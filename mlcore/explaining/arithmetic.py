"""The arithmetic of one cell: every number from the window that it sees to its value."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlcore.explaining.contributions import cells_in_window
from mlcore.explaining.forward import Step
from mlcore.explaining.geometry import Window
from mlcore.explaining.keras_weights import Floats
from mlcore.reading.engine import NOT_A_DIGIT


@dataclass(frozen=True)
class NormalisedCell:
    """One value before and after its normalisation, with the numbers between."""

    mean: float
    variance: float
    epsilon: float
    gamma: float
    beta: float
    centred: float  # the value minus the mean
    scaled: float  # divided by the deviation
    stretched: float  # times gamma
    result: float  # plus beta

    @property
    def deviation(self) -> float:
        return float(np.sqrt(self.variance + self.epsilon))


@dataclass(frozen=True)
class WeightedCell:
    """A cell of a convolution or a dense layer."""

    window: Window
    patch: Floats  # (rows, columns, channels before); places outside the map are 0
    kernel: Floats  # (rows, columns, channels before)
    products: Floats  # (rows, columns, channels before)
    sums: Floats  # (channels before,)
    total: float  # of all products
    bias: float
    normalised: NormalisedCell | None
    is_rectified: bool

    @property
    def biased(self) -> float:
        return self.total + self.bias

    @property
    def before_activation(self) -> float:
        return self.normalised.result if self.normalised else self.biased

    @property
    def value(self) -> float:
        return max(self.before_activation, 0.0) if self.is_rectified else self.before_activation

    def largest_first(self) -> list[int]:
        """Return the channels before by the absolute value of their sums."""
        return [int(channel) for channel in np.argsort(-np.abs(self.sums), kind="stable")]


@dataclass(frozen=True)
class PooledCell:
    """A cell of a pooling or an average, which sees the same channel of the step before."""

    window: Window
    patch: Floats  # (rows, columns)
    value: float

    @property
    def peak(self) -> tuple[int, int]:
        """Return row and column of the largest cell in the window."""
        row, column = np.unravel_index(int(self.patch.argmax()), self.patch.shape)
        return int(row), int(column)

    @property
    def total(self) -> float:
        return float(self.patch.sum())


def weighted_cell(step: Step, before: Floats, channel: int, row: int, column: int) -> WeightedCell:
    """Return the arithmetic of one cell of a step with weights."""
    weighting = step.weighting
    if weighting is None:
        raise ValueError(f"{step.name} has no weights.")
    patch = _patch(step, before, row, column)
    kernel = weighting.kernel[..., channel]
    products = patch * kernel
    total, bias = float(products.sum()), float(weighting.bias[channel])
    normalised = None
    if weighting.normalisation is not None:
        numbers = weighting.normalisation
        mean, variance = float(numbers.mean[channel]), float(numbers.variance[channel])
        gamma, beta = float(numbers.gamma[channel]), float(numbers.beta[channel])
        centred = total + bias - mean
        scaled = centred / float(numbers.deviation[channel])
        stretched = scaled * gamma
        result = stretched + beta
        normalised = NormalisedCell(mean, variance, numbers.epsilon, gamma, beta, centred, scaled, stretched, result)
    return WeightedCell(
        window=step.geometry.window(row, column),
        patch=patch,
        kernel=kernel,
        products=products,
        sums=products.sum(axis=(0, 1)),
        total=total,
        bias=bias,
        normalised=normalised,
        is_rectified=weighting.is_rectified,
    )


def pooled_cell(step: Step, before: Floats, channel: int, row: int, column: int) -> PooledCell:
    """Return the arithmetic of one cell of a pooling or an average."""
    patch = _patch(step, before, row, column)[..., channel]
    value = float(patch.mean() if step.kind == "average" else patch.max())
    return PooledCell(step.geometry.window(row, column), patch, value)


def _patch(step: Step, before: Floats, row: int, column: int) -> Floats:
    return cells_in_window(step.geometry, before, row, column)


@dataclass(frozen=True)
class SoftmaxRow:
    """One class on the way from its logit to its probability."""

    label: int  # 10: not a digit
    logit: float
    cooled: float  # divided by the temperature
    power: float  # e to the cooled logit minus the largest one
    probability: float


@dataclass(frozen=True)
class SoftmaxTable:
    """The softmax of the logits over some classes."""

    rows: tuple[SoftmaxRow, ...]
    temperature: float
    largest: float  # cooled logit
    total: float  # of all powers


def softmax_table(logits: Floats, temperature: float, labels: Sequence[int]) -> SoftmaxTable:
    """Return the softmax over the given classes: the ten digits, or all classes with "not a digit"."""
    cooled = logits[list(labels)] / temperature
    powers = np.exp(cooled - cooled.max())
    total = float(powers.sum())
    rows = tuple(
        SoftmaxRow(label, float(logits[label]), float(value), float(power), float(power) / total)
        for label, value, power in zip(labels, cooled, powers, strict=True)
    )
    return SoftmaxTable(rows, temperature, float(cooled.max()), total)


DIGITS = tuple(range(NOT_A_DIGIT))


def share_of_being_a_digit(logits: Floats, temperature: float) -> float:
    """Return the probability that the input is a digit at all."""
    return 1 - softmax_table(logits, temperature, range(len(logits))).rows[NOT_A_DIGIT].probability
