"""The colours of maps: one table for activations, and two colours for evidence for and against a digit."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

# Lightness, a and b in CIELAB. Colour-blind people can tell this blue from this orange too.
FOR = (52.0, -4.36, -49.81)
AGAINST = (62.0, 37.5, 64.95)


@cache
def colour_table() -> NDArray[np.uint8]:
    """Return viridis as (256, 3) sRGB: equal steps of value look equally large. Entry 0 is the lowest value."""
    levels = np.arange(256, dtype=np.uint8)[np.newaxis]
    return np.ascontiguousarray(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS)[0, :, ::-1])


@cache
def evidence_colours() -> NDArray[np.uint8]:
    """Return the colours of FOR and AGAINST as (2, 3) sRGB."""
    lab = np.array([[FOR, AGAINST]], np.float32)
    return np.rint(255 * cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)[0]).astype(np.uint8)


@cache
def difference_palette(equal: int, levels: int, max_opacity: float = 1.0) -> tuple[bytes, bytes]:
    """Return the colours (256 × 3) and opacities (256) of signed levels: below `equal` AGAINST, above it FOR."""
    share = (np.arange(256) - equal) / levels
    opacities = np.rint(255 * max_opacity * np.minimum(np.abs(share), 1)).astype(np.uint8)
    return evidence_colours()[(share < 0).astype(np.intp)].tobytes(), opacities.tobytes()
