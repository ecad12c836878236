"""A benchmark of explanations: all stored maps of one digit, and the maps of why it is that digit.

    python -m bench.explaining [--model FOLDER] [--digits 50]

It prints wall and processor time of one process after warm-up. Files are written and synced as a worker does.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.options import add_model_option, create_parser
from mlcore.artifact import load_artifact
from mlcore.explaining.explainer import Explainer
from mlcore.explaining.mosaic import draw_mosaic
from mlcore.explaining.occlusion import Image, list_changes
from mlcore.explaining.overlay import draw_overlay
from mlcore.reading.reader import Reader
from tests.pictures import varied_pngs


def print_times(name: str, work: Callable[[Image], Any], images: list[Image]) -> None:
    work(images[0])
    walls, processors = [], []
    for image in images:
        wall, processor = time.perf_counter(), time.process_time()
        work(image)
        walls.append(1000 * (time.perf_counter() - wall))
        processors.append(1000 * (time.process_time() - processor))
    print(f"{name:40}{median(walls):8.1f} ms{max(walls):8.1f} ms{median(processors):12.1f} ms{max(processors):8.1f} ms")


def draw_all(explainer: Explainer, image: Image, folder: Path) -> int:
    """Draw and write all maps, and return their bytes."""
    size = 0
    for name, maps in explainer.activations(image).items():
        png = draw_mosaic(maps).png
        size += len(png)
        with (folder / name).open("wb") as file:
            file.write(png)
            file.flush()
            os.fsync(file.fileno())
    return size


def draw_overlays(explainer: Explainer, image: Image) -> None:
    (probabilities,) = explainer.engine.classify(image[np.newaxis]).probabilities
    explanation = explainer.explain(image, probabilities.tolist(), 1.0)
    for kind, maps in explanation.maps.items():
        for values in maps:
            draw_overlay(values, explanation.limit(kind))


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    parser.add_argument("--digits", type=int, default=50)
    options = parser.parse_args()
    reader = Reader(load_artifact(options.model))
    explainer = Explainer(reader.engine)
    images = [reader.read(png, "digit").glyphs[0].input for png in varied_pngs(options.digits)]
    flat = [0.1] * 10
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'median and slowest of ' + str(len(images)) + ' digits':40}{'wall':>11}{'':11}{'processor':>15}")
        print_times("all stored maps, files written", lambda image: draw_all(explainer, image, Path(folder)), images)
        print_times("occlusion and class-activation maps", lambda image: explainer.explain(image, flat, 1.0), images)
        print_times("the same and their four overlays", lambda image: draw_overlays(explainer, image), images)
        sizes = [draw_all(explainer, image, Path(folder)) for image in images]
    changes = [len(list(list_changes(image))) for image in images]
    print(f"bytes of all maps of a digit: median {median(sizes):.0f}, most {max(sizes)}")
    print(f"images classified for an occlusion map: median {median(changes):.0f}, most {max(changes)}")


if __name__ == "__main__":
    main()
