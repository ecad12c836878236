"""The explorer's pages as plain values: tiles of sheets, layers, and one channel with all it is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Layer
from mlcore.explaining.geometry import Window, peak, receptive_field, strongest_first
from mlcore.explaining.mosaic import Scale, Sheet, scale_of
from recognizer.services.explanations import Look

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
    share: float  # of the layer's largest weight, 0..1
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
class OpenChannel:
    layer: Layer
    sheet: Sheet
    tile: Tile
    rank: int  # 1 is the strongest channel
    previous: int | None  # channels, in the order chosen
    next: int | None
    cell: Cell
    is_peak: bool
    before: Layer | None  # None: the 28×28 itself
    before_sheet: Sheet | None
    shares: list[Share]  # of a convolution, the largest first
    others: int  # shares that are not shown
    others_amount: float
    bias: float
    total: float
    pooled: int | None  # the channel that a pooling looks at
    kernel_side: tuple[int, int]


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
    layer, maps = look.layers[position], look.activations[look.layers[position].name]
    cell = peak(maps[..., channel]) if at is None else at
    channels = _channels(look, layer, order)
    place = channels.index(channel)
    before = look.layers[position - 1] if position else None
    shares: list[Share] = []
    bias = total = others_amount = 0.0
    if layer.kind == "conv":
        source = look.explainer.before(position, look.image, look.activations)
        made_of = look.explainer.contributions(position, channel, cell, source)
        largest = made_of.largest_first()[:SHARES_SHOWN]
        shares = list(_shares(look, layer, channel, before, largest, made_of.shares))
        bias, total = made_of.bias, made_of.total
        others_amount = float(made_of.shares.sum() - made_of.shares[largest].sum())
    step = look.explainer.steps[position]
    return OpenChannel(
        layer=layer,
        sheet=Sheet(layer.shape),
        tile=Tile.on(Sheet(layer.shape), channel),
        rank=1 + strongest_first(maps).index(channel),
        previous=channels[place - 1] if place else None,
        next=channels[place + 1] if place + 1 < len(channels) else None,
        cell=_cell(look, position, channel, cell),
        is_peak=cell == peak(maps[..., channel]),
        before=before,
        before_sheet=Sheet(before.shape) if before else None,
        shares=shares,
        others=step.before[2] - len(shares) if layer.kind == "conv" else 0,
        others_amount=others_amount,
        bias=bias,
        total=total,
        pooled=channel if layer.kind == "pool" else None,
        kernel_side=step.size,
    )


def _cell(look: Look, position: int, channel: int, at: tuple[int, int]) -> Cell:
    step = look.explainer.steps[position]
    reach = step.window(*at)
    height, width, _ = step.before
    within = Window(max(reach.top, 0), max(reach.left, 0), min(reach.bottom, height), min(reach.right, width))
    value = float(look.activations[look.layers[position].name][(*at, channel)])
    field = receptive_field(look.explainer.steps[: position + 1], *at)
    return Cell(*at, value, within, field, look.frame.place(field))


def _shares(
    look: Look, layer: Layer, channel: int, before: Layer | None, largest: list[int], amounts: NDArray[np.float32]
) -> Iterator[Share]:
    kernels = look.explainer.kernels[layer.name]
    strongest = float(np.abs(kernels[..., channel]).max()) or 1.0
    widest = float(np.abs(amounts).max()) or 1.0
    for source in largest:
        tile = Tile.on(Sheet(before.shape), source) if before else Tile(0, 0, 0, 28, 28)
        weights = [
            Weight(column, row, abs(float(weight)) / strongest, bool(weight > 0))
            for (row, column), weight in np.ndenumerate(kernels[:, :, source, channel])
        ]
        amount = float(amounts[source])
        yield Share(tile, amount, abs(amount) / widest, weights)
