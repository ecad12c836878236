"""The polarity of a picture, whether its ink is darker or brighter than its paper, where the paper has no even colour.

`extraction.find_paper` asks `paper.find_plain_paper` first, which knows the polarity of paper of one colour.
"""

import cv2
import numpy as np

from mlcore.reading.arrays import Floats, Pixels, Strength
from mlcore.reading.ink.paper import box_blur, fit_surface

Plane = Strength  # float32 in any range

WIDE = 2.0  # width in heights from which a picture is taken for a line of writing
TALL = 2.0  # height in widths from which a picture holds little more than one upright stroke
# The weights of `polarity_features`, for clean pictures and for photographs, fitted by logistic regression on MNIST's
# training digits and synthetic handwriting: on sheets and on plain paper, with margins and cropped to the ink, with and
# without lines and strips along the edges.
SQUARE_WEIGHTS = {
    True: np.array([1.0, 0.1, 15.0, 3.9, 2.6, 4.2, 0.4, 11.9]),
    False: np.array([-1.4, -0.8, 13.1, 1.1, -0.3, 4.9, 2.1, 2.7]),
}
TALL_WEIGHTS = {
    True: np.array([5.1, -0.8, 4.4, 5.8, 3.8, 5.1, 0.8, 3.7]),
    False: np.array([-1.5, -1.8, 6.6, 3.1, 0.9, 3.0, -0.3, 5.5]),
}
EVEN_SPREAD = 0.35  # of the picture's spread: a row or column that varies less is bare, or a line along the edge
MAX_TRIMMED = 0.3  # of a side


def is_dark_on_light(small: Pixels, *, is_clean: bool = False) -> bool:
    """Return whether the ink is darker than the paper.

    Ink is the minority that differs from its surroundings; the sign of the third moment tells on which side it lies.
    A picture that is cropped to its ink may hold more ink than paper, so there the edges count as well: paper reaches
    them along most of their length. `is_clean` tells that the picture has one plain colour without grain.
    """
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)  # (h, w) 0..255
    height, width = grey.shape
    if width >= WIDE * height:
        return float((subtract_surroundings(grey) ** 3).sum()) <= 0
    weights = TALL_WEIGHTS if height >= TALL * width else SQUARE_WEIGHTS
    return float(weights[is_clean] @ polarity_features(grey)) >= 0


def subtract_surroundings(grey: Plane) -> Plane:
    """Return how much brighter each pixel is than its surroundings."""
    even = grey - fit_surface(grey)  # otherwise the bright middle of a vignette counts as ink
    # Without the local mean, a line along an edge would count many times.
    return np.asarray(even - box_blur(even, max(grey.shape) // 3, cv2.BORDER_REFLECT))


def polarity_features(grey: Plane) -> Floats:
    """Return features that are positive where the paper is bright, and that change sign with the colours.

    The first three measure the whole picture, the others the part inside of bare edges and of lines along the edges.
    """
    difference = subtract_surroundings(grey)
    skewness = (difference**3).mean() / ((difference**2).mean() ** 1.5 + 1e-6)
    inner = trim_even_edges(grey)
    is_bright, is_bright_evened = split_levels(inner), split_levels(inner - fit_surface(inner))
    edges = np.concatenate([is_bright[0], is_bright[-1], is_bright[1:-1, 0], is_bright[1:-1, -1]])
    sides = (is_bright_evened[0], is_bright_evened[-1], is_bright_evened[:, 0], is_bright_evened[:, -1])
    return np.array(
        [
            measure_edges(grey)[0],
            np.clip(skewness, -3, 3),
            split_levels(grey - fit_surface(grey)).mean() - 0.5,
            *measure_edges(inner),
            edges.mean() - 0.5,
            np.mean([np.sign(side.mean() - 0.5) for side in sides]),
            is_bright_evened.mean() - 0.5,
        ]
    )


def measure_edges(grey: Plane) -> tuple[float, float]:
    """Return the mean brightness of the two long edges and of the two short ones, in standard deviations."""
    spread = (grey - grey.mean()) / (grey.std() + 1e-6)
    beside, above = float(spread[:, [0, -1]].mean()), float(spread[[0, -1]].mean())
    return (beside, above) if grey.shape[0] > grey.shape[1] else (above, beside)


def trim_even_edges(grey: Plane) -> Plane:
    """Return the picture without the even rows and columns along its edges: bare paper, borders and strips."""
    rows = count_even_edges(grey.std(axis=1), grey)
    inner = grey[rows]
    inner = inner[:, count_even_edges(inner.std(axis=0), grey)]
    return inner if min(inner.shape) >= 3 else grey


def count_even_edges(spreads: Plane, grey: Plane) -> slice:
    """Return the rows, or columns, that are left between the even ones at both ends."""
    most = int(np.ceil(MAX_TRIMMED * len(spreads)))
    is_uneven = spreads >= EVEN_SPREAD * grey.std()
    is_uneven[most : len(spreads) - most] = True
    left = np.flatnonzero(is_uneven)
    return slice(int(left[0]), int(left[-1]) + 1) if left.size else slice(0, len(spreads))


def split_levels(plane: Plane) -> Pixels:
    """Return which pixels are brighter than Otsu's threshold: 1 or 0."""
    lifted = plane - plane.min()
    levels = (lifted * (255 / max(float(lifted.max()), 1.0))).astype(np.uint8)
    bright: Pixels = cv2.threshold(levels, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]
    return bright
