"""The explorer's pages as plain values: tiles of sheets, layers, and one channel with all it is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Layer
from mlcore.explaining.geometry import Window, peak, receptive_field, strongest_first
from mlcore.explaining.mosaic import Scale, Sheet, scale_of
from recognizer.services.explaining.explanations import Look

Order = Literal["strength", "number"]
SHARES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Tile:
    channel: int
    x: int  # on the sheet
    y: int
    width: int
    height: int

    @classmethod
    def on(cls, sheet: Sheet, channel: int) -> "Tile":
        return cls(channel, *sheet.corner(channel), sheet.shape[1], sheet.shape[0])


@dataclass(frozen=True, slots=True)
class Station:
    """A layer in the row of layers."""

    layer: Layer
    x: int  # of its tile in the row's picture
    channel: int  # the strongest, which the tile shows
    is_open: bool


@dataclass(frozen=True, slots=True)
class OpenLayer:
    layer: Layer
    sheet: Sheet
    scale: Scale
    tiles: list[tuple[Tile, float]]  # with each channel's strongest response
    silent: int  # channels without any


@dataclass(frozen=True, slots=True)
class Weight:
    """One cell of a kernel, as a square."""

    x: int
    y: int
    share: float  # of the channel's largest weight, 0..1
    positive: bool


@dataclass(frozen=True, slots=True)
class Share:
    """What one channel before gives."""

    tile: Tile
    amount: float
    width: float  # of its bar, 0..1
    kernel: list[Weight]


@dataclass(frozen=True, slots=True)
class Cell:
    row: int
    column: int
    value: float
    window: Window  # what it looks at in the layer before, within its edges
    field: Window  # what it sees of the 28×28
    on_picture: tuple[float, ...]  # x, y, width, height of that, in the original's pixels


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What a convolution's cell is made of: all of it adds up to `total`."""

    shares: list[Share]  # the largest, first
    others: int  # how many are not shown
    others_amount: float
    bias: float
    total: float
    kernel_size: tuple[int, int]  # rows, columns


@dataclass(frozen=True, slots=True)
class OpenChannel:
    layer: Layer
    sheet: Sheet
    tile: Tile
    previous: int | None  # channels, in the order chosen
    next: int | None
    cell: Cell
    is_peak: bool
    before: Layer | None  # None: the 28×28 itself
    before_sheet: Sheet | None
    made_of: Ingredients | None  # None: a pooling, which looks at one channel alone


def stations(look: Look, opened: str | None) -> list[Station]:
    return [
        Station(layer, 28 * position, strongest_first(look.activations[layer.name])[0], layer.name == opened)
        for position, layer in enumerate(look.layers)
    ]


def open_layer(look: Look, layer: Layer, order: Order) -> OpenLayer:
    maps = look.activations[layer.name]
    sheet, peaks = Sheet(layer.shape), maps.max(axis=(0, 1))
    tiles = [(Tile.on(sheet, channel), float(peaks[channel])) for channel in _channels(look, layer, order)]
    return OpenLayer(layer, sheet, scale_of(maps), tiles, int((peaks <= 0).sum()))


def _channels(look: Look, layer: Layer, order: Order) -> list[int]:
    return strongest_first(look.activations[layer.name]) if order == "strength" else list(range(layer.shape[2]))


def open_channel(
    look: Look, position: int, channel: int, order: Order, at: tuple[int, int] | None = None
) -> OpenChannel:
    """At one cell; the strongest unless told."""
    layer = look.layers[position]
    strongest = peak(look.activations[layer.name][..., channel])
    channels = _channels(look, layer, order)
    place = channels.index(channel)
    before = look.layers[position - 1] if position else None
    return OpenChannel(
        layer=layer,
        sheet=Sheet(layer.shape),
        tile=Tile.on(Sheet(layer.shape), channel),
        previous=channels[place - 1] if place else None,
        next=channels[place + 1] if place + 1 < len(channels) else None,
        cell=_cell(look, position, channel, at or strongest),
        is_peak=at in (None, strongest),
        before=before,
        before_sheet=Sheet(before.shape) if before else None,
        made_of=_ingredients(look, position, channel, at or strongest) if layer.kind == "conv" else None,
    )


def _cell(look: Look, position: int, channel: int, at: tuple[int, int]) -> Cell:
    step = look.explainer.steps[position]
    reach = step.window(*at)
    height, width, _ = step.before
    within = Window(max(reach.top, 0), max(reach.left, 0), min(reach.bottom, height), min(reach.right, width))
    value = float(look.activations[look.layers[position].name][(*at, channel)])
    field = receptive_field(look.explainer.steps[: position + 1], *at)
    return Cell(*at, value, within, field, look.frame.place(field))


def _ingredients(look: Look, position: int, channel: int, cell: tuple[int, int]) -> Ingredients:
    before = look.explainer.before(position, look.image, look.activations)
    made_of = look.explainer.contributions(position, channel, cell, before)
    largest = made_of.largest_first()[:SHARES_SHOWN]
    return Ingredients(
        shares=list(_shares(look, position, channel, largest, made_of.shares)),
        others=len(made_of.shares) - len(largest),
        others_amount=float(made_of.shares.sum() - made_of.shares[largest].sum()),
        bias=made_of.bias,
        total=made_of.total,
        kernel_size=look.explainer.steps[position].size,
    )


def _shares(
    look: Look, position: int, channel: int, largest: list[int], amounts: NDArray[np.float32]
) -> Iterator[Share]:
    step = look.explainer.steps[position]
    kernel = look.explainer.kernels[step.layer.name][..., channel]  # (rows, columns, channels before)
    strongest, widest = float(np.abs(kernel).max()) or 1.0, float(np.abs(amounts).max()) or 1.0
    for source in largest:
        weights = [
            Weight(column, row, abs(float(weight)) / strongest, bool(weight > 0))
            for (row, column), weight in np.ndenumerate(kernel[..., source])
        ]
        amount = float(amounts[source])
        yield Share(Tile.on(Sheet(step.before), source), amount, abs(amount) / widest, weights)
