"""The stages of one reading as pictures, for people who wonder why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Trace = Callable[[str, NDArray[Any]], None]  # told each stage's name and picture

SMALLEST = 280  # smaller stages are enlarged without smoothing, so that their pixels can be seen


def no_trace(name: str, image: NDArray[Any]) -> None:
    """Nobody wonders."""


class FolderTrace:
    """Saves `01-picture.png`, `02-...` in the order in which the stages come."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.count = 0

    def __call__(self, name: str, image: NDArray[Any]) -> None:
        self.count += 1
        picture = Image.fromarray(as_bytes(image))
        times = max(1, SMALLEST // max(picture.size))
        picture = picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
        picture.save(self.folder / f"{self.count:02d}-{name}.png")


def as_bytes(image: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 as it is; anything else is 0..1."""
    if image.dtype == np.uint8:
        return image
    return np.rint(np.clip(image.astype(np.float32), 0, 1) * 255).astype(np.uint8)
