"""Colour tables, computed here: one for activations, and the two colours of what speaks for and against an answer."""

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

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
LUMINANCE = np.array([0.2126729, 0.7151522, 0.0721750])
# Lightness, chroma, hue: told apart by colour-blind people too.
FOR = (52.0, 50.0, 265.0)
AGAINST = (62.0, 75.0, 60.0)


@cache
def colour_table() -> NDArray[np.uint8]:
    """(256, 3) sRGB; entry 0 is the lowest value."""
    along = np.linspace(0.0, 1.0, 256)
    lightness = np.interp(along, (0, 1), LIGHTNESS)
    hue = np.interp(along, (0, 1), HUE_DEGREES)
    # The gamut is narrow at both ends, and somewhat in between.
    chroma = CHROMA * np.sin(np.pi * (0.12 + 0.76 * along)) ** 0.8
    fitting = [_linear(np.stack([lightness, chroma * share, hue], axis=1)) for share in np.linspace(1, 0.5, 51)]
    inside = np.array([((rgb >= 0) & (rgb <= 1)).all(axis=1) for rgb in fitting])  # (51, 256)
    linear = np.array(fitting)[inside.argmax(axis=0), np.arange(256)]  # the most colourful that can be shown
    return _rounded(linear)


@cache
def for_and_against() -> NDArray[np.uint8]:
    """(2, 3) sRGB."""
    return np.rint(255 * _srgb(_linear(np.array([FOR, AGAINST])))).astype(np.uint8)


def _linear(lch: Floats) -> Floats:
    """(n, 3) lightness, chroma, hue in degrees → (n, 3) linear RGB; outside of 0..1 cannot be shown."""
    hue = np.radians(lch[:, 2])
    fy = (lch[:, 0] + 16) / 116
    f = np.stack([fy + lch[:, 1] * np.cos(hue) / 500, fy, fy - lch[:, 1] * np.sin(hue) / 200], axis=1)  # (n, 3)
    xyz = WHITE * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    return xyz @ XYZ_TO_RGB.T


def _srgb(linear: Floats) -> Floats:
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _rounded(linear: Floats) -> NDArray[np.uint8]:
    """To bytes, each up or down as keeps the luminance: plain rounding would let it fall here and there."""
    exact = 255 * _srgb(linear)
    ways = np.clip(np.floor(exact) + np.array(list(product((0, 1), repeat=3)))[:, np.newaxis], 0, 255)  # (8, n, 3)
    share = ways / 255
    luminance = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4) @ LUMINANCE  # (8, n)
    best = np.abs(luminance - linear @ LUMINANCE).argmin(axis=0)
    return ways[best, np.arange(len(linear))].astype(np.uint8)
