"""A digit with changed ink: what the network reads then, beside what it read before. Nothing is stored."""

import base64
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mlcore.explaining.geometry import strongest_first
from mlcore.explaining.mosaic import scale_of
from mlcore.explaining.occlusion import Image
from mlcore.explaining.repair import changed_cells, ink_between
from mlcore.explaining.row import TILE, draw_layer_row
from mlcore.explaining.sentences import UNLIKELY_DIGIT, top_two
from recognizer.problems import Problem
from recognizer.services.explaining.explanations import ExplainedGlyph
from recognizer.services.limits.reading_slots import reading_slots

CELLS = 28 * 28


@dataclass(frozen=True, slots=True)
class DigitChange:
    """The probability of one digit before and after the change."""

    digit: int
    before: float
    after: float


@dataclass(frozen=True)
class WhatIf:
    """The changed input of a glyph, and what the network makes of it."""

    explained: ExplainedGlyph
    image: Image
    wanted: int | None = None  # the digit that a repair was asked for
    is_repaired: bool = False

    @cached_property
    def ink(self) -> tuple[float, float]:
        """Return the ink that was added and the ink that was removed, in full cells."""
        return ink_between(self.explained.image, self.image)

    @property
    def added(self) -> float:
        return self.ink[0]

    @property
    def removed(self) -> float:
        return self.ink[1]

    @property
    def is_changed(self) -> bool:
        return self.added + self.removed > 0

    @cached_property
    def probabilities(self) -> list[float]:
        if not self.is_changed:
            return self.explained.probabilities
        (row,) = self.explained.explainer.engine.classify(self.image[np.newaxis]).probabilities
        return [float(share) for share in row]

    @cached_property
    def is_digit(self) -> float:
        (share,) = self.explained.explainer.engine.classify(self.image[np.newaxis]).is_digit
        return float(share)

    @property
    def is_unlikely_digit(self) -> bool:
        return self.is_digit < UNLIKELY_DIGIT

    @property
    def digit(self) -> int:
        return int(np.argmax(self.probabilities))

    @property
    def suggested(self) -> int:
        """Return the digit that the page offers to turn it into: the one asked for, or the second answer."""
        return top_two(self.probabilities)[1] if self.wanted is None else self.wanted

    @property
    def digit_before(self) -> int:
        return int(np.argmax(self.explained.probabilities))

    @property
    def confidence(self) -> float:
        return self.probabilities[self.digit]

    @property
    def confidence_before(self) -> float:
        return self.explained.probabilities[self.digit_before]

    @property
    def changes(self) -> list[DigitChange]:
        pairs = zip(self.explained.probabilities, self.probabilities, strict=True)
        return [DigitChange(digit, before, after) for digit, (before, after) in enumerate(pairs)]

    @cached_property
    def outlines(self) -> tuple[str, str]:
        """Return the SVG paths around the cells that gained ink and around those that lost ink."""
        added, removed = changed_cells(self.explained.image, self.image)
        return outline(added), outline(removed)

    @property
    def cells(self) -> str:
        """Return the changed input as the page's script sends and receives it."""
        return base64.b64encode(self.image.tobytes()).decode()

    @property
    def row_width(self) -> int:
        return TILE * len(self.explained.layers)

    @cached_property
    def rows(self) -> tuple[str, str]:
        """Return each layer's strongest channel before and after the change, as two data URIs on the same scales."""
        before = [self.explained.activations[layer.name] for layer in self.explained.layers]
        changed = self.explained.explainer.activations(self.image)
        after = [changed[layer.name] for layer in self.explained.layers]
        # The channel that responds most to either of the two inputs, so that a response that ends is seen too.
        channels = [strongest_first(np.maximum(one, other))[0] for one, other in zip(before, after, strict=True)]
        scales = [scale_of(one, other) for one, other in zip(before, after, strict=True)]
        rows = (draw_layer_row(maps, channels, scales) for maps in (before, after))
        first, second = (f"data:image/png;base64,{base64.b64encode(row).decode()}" for row in rows)
        return first, second


def outline(is_inside: NDArray[np.bool_]) -> str:
    """Return the SVG path along the border of a set of cells; a cell is one unit wide."""
    padded = np.pad(is_inside, 1)
    across = np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1])  # rows of borders × columns
    down = np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1])  # rows × columns of borders
    return "".join(
        [f"M{column} {row}h1" for row, column in across.tolist()]
        + [f"M{column} {row}v1" for row, column in down.tolist()]
    )


def parse_cells(text: str) -> Image:
    """Return the input that the page sent, (28, 28). Raise a Problem (invalid) for anything else."""
    try:
        cells = base64.b64decode(text, validate=True)
    except ValueError:
        cells = b""
    if len(cells) != CELLS:
        raise Problem("invalid", _("The changed digit is damaged. Reload the page and try again."))
    return np.frombuffer(cells, np.uint8).reshape(28, 28)


def change_ink(explained: ExplainedGlyph, image: Image) -> WhatIf:
    """Return the answer for a changed input."""
    return WhatIf(explained, image)


def repair_ink(explained: ExplainedGlyph, image: Image, digit: int, account_id: int) -> WhatIf:
    """Return the smallest change found that makes the input this digit, or the unchanged input if none was found.

    The search takes as long as some readings, so an account may run as many at once as it may read pictures.
    """
    with reading_slots.taken_by(account_id):
        repair = explained.explainer.repair(image, digit)
    return WhatIf(explained, repair.image if repair else image, digit, repair is not None)
