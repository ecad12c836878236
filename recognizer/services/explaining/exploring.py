"""The values that the explorer's pages show: layers, their channels, and all that one channel is computed from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Layer
from mlcore.explaining.geometry import Window, find_peak, receptive_field, strongest_first
from mlcore.explaining.mosaic import MosaicLayout, Scale
from recognizer.services.explaining.explanations import ExplainedGlyph, mosaic_layout

ChannelOrder = Literal["strength", "number"]
MAX_CONTRIBUTIONS = 8  # shown of one cell


@dataclass(frozen=True, slots=True)
class Tile:
    """The place of one channel in its layer's mosaic."""

    channel: int
    x: int
    y: int
    width: int
    height: int

    @classmethod
    def in_layout(cls, layout: MosaicLayout, channel: int) -> "Tile":
        return cls(channel, *layout.corner(channel), layout.shape[1], layout.shape[0])


@dataclass(frozen=True, slots=True)
class LayerTile:
    """One layer in the row of layers."""

    layer: Layer
    x: int  # of its tile in the row's picture
    channel: int  # the strongest one, which the tile shows
    is_open: bool


@dataclass(frozen=True, slots=True)
class OpenLayer:
    """The layer that a page shows with all its channels."""

    layer: Layer
    layout: MosaicLayout
    scale: Scale
    tiles: list[tuple[Tile, float]]  # with each channel's strongest response
    silent: int  # number of channels without any response


@dataclass(frozen=True, slots=True)
class KernelWeight:
    """One weight of a kernel, drawn as a square."""

    x: int
    y: int
    share: float  # of the channel's largest weight, 0..1
    is_positive: bool


@dataclass(frozen=True, slots=True)
class Contribution:
    """The amount that one channel of the previous layer adds to a cell."""

    tile: Tile
    amount: float
    bar_width: float  # 0..1
    kernel: list[KernelWeight]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a channel."""

    row: int
    column: int
    value: float
    window: Window  # the cells of the previous layer that it sees
    field: Window  # the cells of the 28×28 input that it sees
    on_picture: tuple[float, ...]  # the same in the shown part of the original, in its pixels: x, y, width, height


@dataclass(frozen=True, slots=True)
class CellSum:
    """The contributions to a convolution's cell. Together with the bias they add up to `total`."""

    contributions: list[Contribution]  # the largest, first
    others: int  # number of contributions that are not shown
    others_amount: float
    bias: float
    total: float
    kernel_size: tuple[int, int]  # rows, columns


@dataclass(frozen=True, slots=True)
class OpenChannel:
    """The channel that a page shows, at one of its cells."""

    layer: Layer
    layout: MosaicLayout
    tile: Tile
    previous: int | None  # channels before and after it in the chosen order
    next: int | None
    cell: Cell
    is_peak: bool
    before: Layer | None  # None: the layer sees the 28×28 input itself
    before_layout: MosaicLayout | None
    cell_sum: CellSum | None  # None: a pooling, whose cells see one channel


def layer_tiles(explained: ExplainedGlyph, open_name: str) -> list[LayerTile]:
    return [
        LayerTile(layer, 28 * position, explained.strongest_channel(layer), layer.name == open_name)
        for position, layer in enumerate(explained.layers)
    ]


def open_layer(explained: ExplainedGlyph, layer: Layer, order: ChannelOrder) -> OpenLayer:
    layout, peaks = mosaic_layout(layer), explained.activations[layer.name].max(axis=(0, 1))
    channels = _order_channels(explained, layer, order)
    tiles = [(Tile.in_layout(layout, channel), float(peaks[channel])) for channel in channels]
    return OpenLayer(layer, layout, explained.scale_of(layer), tiles, int((peaks <= 0).sum()))


def _order_channels(explained: ExplainedGlyph, layer: Layer, order: ChannelOrder) -> list[int]:
    if order == "strength":
        return strongest_first(explained.activations[layer.name])
    return list(range(layer.shape[2]))


def open_channel(
    explained: ExplainedGlyph, position: int, channel: int, order: ChannelOrder, at: tuple[int, int] | None = None
) -> OpenChannel:
    """Return a channel of the layer at this position, at the given cell or at its strongest one."""
    layer = explained.layers[position]
    strongest = find_peak(explained.activations[layer.name][..., channel])
    channels = _order_channels(explained, layer, order)
    place = channels.index(channel)
    before = explained.layers[position - 1] if position else None
    return OpenChannel(
        layer=layer,
        layout=mosaic_layout(layer),
        tile=Tile.in_layout(mosaic_layout(layer), channel),
        previous=channels[place - 1] if place else None,
        next=channels[place + 1] if place + 1 < len(channels) else None,
        cell=_make_cell(explained, position, channel, at or strongest),
        is_peak=at in (None, strongest),
        before=before,
        before_layout=mosaic_layout(before) if before else None,
        cell_sum=_sum_cell(explained, position, channel, at or strongest) if layer.kind == "conv" else None,
    )


def _make_cell(explained: ExplainedGlyph, position: int, channel: int, at: tuple[int, int]) -> Cell:
    geometries = explained.explainer.geometries
    window = geometries[position].window(*at)
    height, width, _ = geometries[position].before
    inside = Window(max(window.top, 0), max(window.left, 0), min(window.bottom, height), min(window.right, width))
    value = float(explained.activations[explained.layers[position].name][(*at, channel)])
    field = receptive_field(geometries[: position + 1], *at)
    return Cell(*at, value, inside, field, _clip(explained.frame.locate(field), explained.surroundings))


def _clip(area: tuple[float, ...], shown: tuple[float, ...]) -> tuple[float, ...]:
    """Return the part of an area that is shown, so that a frame around it has four sides."""
    left, top = max(area[0], shown[0]), max(area[1], shown[1])
    right, bottom = min(area[0] + area[2], shown[0] + shown[2]), min(area[1] + area[3], shown[1] + shown[3])
    return left, top, max(right - left, 0), max(bottom - top, 0)


def _sum_cell(explained: ExplainedGlyph, position: int, channel: int, cell: tuple[int, int]) -> CellSum:
    explainer = explained.explainer
    layer_input = explainer.input_of(position, explained.image, explained.activations)
    sums = explainer.contributions(position, channel, cell, layer_input)
    largest = sums.largest_first()[:MAX_CONTRIBUTIONS]
    return CellSum(
        contributions=list(_contributions(explained, position, channel, largest, sums.shares)),
        others=len(sums.shares) - len(largest),
        others_amount=float(sums.shares.sum() - sums.shares[largest].sum()),
        bias=sums.bias,
        total=sums.total,
        kernel_size=explainer.geometries[position].size,
    )


def _contributions(
    explained: ExplainedGlyph, position: int, channel: int, largest: list[int], amounts: NDArray[np.float32]
) -> Iterator[Contribution]:
    geometry = explained.explainer.geometries[position]
    kernel = explained.explainer.kernels[geometry.layer.name][..., channel]  # (rows, columns, channels before)
    max_weight, max_amount = float(np.abs(kernel).max()) or 1.0, float(np.abs(amounts).max()) or 1.0
    for source in largest:
        weights = [
            KernelWeight(column, row, abs(float(weight)) / max_weight, bool(weight > 0))
            for (row, column), weight in np.ndenumerate(kernel[..., source])
        ]
        amount = float(amounts[source])
        tile = Tile.in_layout(MosaicLayout(geometry.before), source)
        yield Contribution(tile, amount, abs(amount) / max_amount, weights)
