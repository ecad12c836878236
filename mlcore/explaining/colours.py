"""Colour tables, computed here: one for activations, and the two colours of what speaks for and against an answer."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

# Through CIELAB (D65): lightness is linear, hue turns from violet over teal to yellow.
LIGHTNESS = (12.0, 94.0)
HUE_DEGREES = (300.0, 100.0)
CHROMA = 42.0
WHITE = np.array([0.95047, 1.0, 1.08883])
XYZ_TO_RGB = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)
# Lightness, chroma, hue: of one lightness, and told apart by colour-blind people too.
FOR = (52.0, 50.0, 265.0)
AGAINST = (62.0, 75.0, 60.0)


@cache
def colour_table() -> NDArray[np.uint8]:
    """(256, 3) sRGB; entry 0 is the lowest value."""
    along = np.linspace(0.0, 1.0, 256)
    lightness = np.interp(along, (0, 1), LIGHTNESS)
    hue = np.interp(along, (0, 1), HUE_DEGREES)
    # The gamut is narrow at both ends.
    chroma = CHROMA * np.sin(np.pi * (0.12 + 0.76 * along)) ** 0.8
    return lch_to_srgb(np.stack([lightness, chroma, hue], axis=1))


@cache
def for_and_against() -> NDArray[np.uint8]:
    """(2, 3) sRGB."""
    return lch_to_srgb(np.array([FOR, AGAINST]))


def lch_to_srgb(lch: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(n, 3) lightness, chroma, hue in degrees → (n, 3) sRGB."""
    hue = np.radians(lch[:, 2])
    fy = (lch[:, 0] + 16) / 116
    f = np.stack([fy + lch[:, 1] * np.cos(hue) / 500, fy, fy - lch[:, 1] * np.sin(hue) / 200], axis=1)  # (n, 3)
    xyz = WHITE * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    linear = np.clip(xyz @ XYZ_TO_RGB.T, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * srgb).astype(np.uint8)
