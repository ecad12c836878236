"""Traces of a reading: an image of each stage, to find out why a picture was read as it was."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Trace = Callable[[str, NDArray[Any]], None]  # called with each stage's name and image

MIN_SIDE = 280  # px: smaller stages are enlarged without smoothing, so that their pixels can be seen


def no_trace(name: str, image: NDArray[Any]) -> None:
    """Record nothing."""


class FolderTrace:
    """A trace that saves `01-picture.png`, `02-...` in the order of the stages."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.count = 0

    def __call__(self, name: str, image: NDArray[Any]) -> None:
        self.count += 1
        picture = Image.fromarray(as_bytes(image))
        factor = max(1, MIN_SIDE // max(picture.size))
        picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
        picture.save(self.folder / f"{self.count:02d}-{name}.png")


def as_bytes(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Return uint8 images unchanged; all others range from 0 to 1 and are scaled to 255."""
    if image.dtype == np.uint8:
        return image
    return np.rint(np.clip(image.astype(np.float32), 0, 1) * 255).astype(np.uint8)
