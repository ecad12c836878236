"""Adversarial pictures: the seconds that the reader spends on each, and what it answers.

    python -m bench.attack.pictures                     # 20,000 pictures, each mode in turn
    python -m bench.attack.pictures --count 500 --jobs 2
    python -m bench.attack.pictures --seed 17 --save /tmp/17.png

Wanted: p99.9 under 1 s and nothing over 2 s on one quiet core.
"""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.options import create_parser
from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.errors import PictureError
from mlcore.reading.reader import Reader
from mlcore.reading.result import MODES

Canvas = NDArray[np.uint8]  # (H, W) 255 is paper, 0 is ink
SIDES = (28, 60, 120, 240, 400, 800, 1280, 1600, 2400, 4000)
INK = 0


def zigzag(canvas: Canvas, random: np.random.Generator) -> None:
    """One thin line that runs from side to side: one piece of ink as large as the picture."""
    height, width = canvas.shape
    step = int(random.integers(3, 40))
    rows = np.arange(2, height - 2, step)
    columns = np.where(np.arange(len(rows)) % 2, width - 3, 2)
    points = np.stack([columns, rows], axis=1).astype(np.int32)
    if random.random() < 0.5:
        points = points[:, ::-1] * np.array([width / height, height / width])
    cv2.polylines(canvas, [points.astype(np.int32)], False, INK, thickness(random))


def hatching(canvas: Canvas, random: np.random.Generator) -> None:
    height, width = canvas.shape
    gap = int(random.integers(2, 30))
    lean = float(random.uniform(-1, 1)) * height
    for x in range(-height, width + height, gap):
        cv2.line(canvas, (x, 0), (int(x + lean), height), INK, thickness(random))
    if random.random() < 0.5:
        for y in range(-width, height + width, gap):
            cv2.line(canvas, (0, y), (width, int(y + lean / 2)), INK, 1)


def maze(canvas: Canvas, random: np.random.Generator) -> None:
    cell = int(random.integers(4, 40))
    rows, columns = canvas.shape[0] // cell + 1, canvas.shape[1] // cell + 1
    leans = random.random((rows, columns)) < 0.5
    for row, column in np.ndindex(rows, columns):
        x, y = column * cell, row * cell
        start, stop = ((x, y), (x + cell, y + cell)) if leans[row, column] else ((x + cell, y), (x, y + cell))
        cv2.line(canvas, start, stop, INK, 1)


def comb(canvas: Canvas, random: np.random.Generator) -> None:
    height, width = canvas.shape
    gap, pen = int(random.integers(3, 40)), thickness(random)
    cv2.line(canvas, (2, height // 2), (width - 3, height // 2), INK, pen)
    for x in range(2, width - 2, gap):
        top = int(height * random.uniform(0.02, 0.45))
        cv2.line(canvas, (x, top), (x, int(height * random.uniform(0.55, 0.98))), INK, pen)


def printed_page(canvas: Canvas, random: np.random.Generator) -> None:
    size = float(random.uniform(0.3, 2.5))
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    for y in range(int(30 * size), canvas.shape[0], int(34 * size) + 1):
        text = "".join(random.choice(list(letters), canvas.shape[1] // max(int(18 * size), 4) + 1))
        cv2.putText(canvas, text, (4, y), cv2.FONT_HERSHEY_SIMPLEX, size, INK, max(1, int(2 * size)))


def noise(canvas: Canvas, random: np.random.Generator) -> None:
    block = int(2 ** random.integers(0, 6))
    small = random.integers(0, 256, (canvas.shape[0] // block + 1, canvas.shape[1] // block + 1), np.uint8)
    if random.random() < 0.6:
        small = np.where(small < 255 * random.uniform(0.01, 0.5), 0, 255).astype(np.uint8)
    method = cv2.INTER_NEAREST if random.random() < 0.5 else cv2.INTER_CUBIC
    canvas[:] = cv2.resize(small, (small.shape[1] * block, small.shape[0] * block), interpolation=method)[
        : canvas.shape[0], : canvas.shape[1]
    ]


def boxes(canvas: Canvas, random: np.random.Generator) -> None:
    """Rows of printed boxes with strokes in them, as a form of nothing but forms."""
    side = int(random.integers(12, 120))
    for y in range(4, canvas.shape[0] - side, side + int(random.integers(4, 20))):
        for x in range(4, canvas.shape[1] - side, side + int(random.integers(0, 6))):
            cv2.rectangle(canvas, (x, y), (x + side, y + side), INK, 1)
            cv2.line(canvas, (x + side // 3, y + side // 4), (x + side // 2, y + 3 * side // 4), INK, 1 + side // 20)


def rings(canvas: Canvas, random: np.random.Generator) -> None:
    height, width = canvas.shape
    gap = int(random.integers(3, 30))
    middle = (int(width * random.random()), int(height * random.random()))
    for radius in range(2, max(height, width), gap):
        cv2.circle(canvas, middle, radius, INK, thickness(random))


def strokes(canvas: Canvas, random: np.random.Generator) -> None:
    height, width = canvas.shape
    for _ in range(int(2 ** random.uniform(0, 10))):
        points = np.cumsum(random.normal(0, max(height, width) / 20, (6, 2)), axis=0) + random.random(2) * (
            width,
            height,
        )
        cv2.polylines(canvas, [points.astype(np.int32)], False, INK, thickness(random))


def row_of_strokes(canvas: Canvas, random: np.random.Generator) -> None:
    """Many thin upright strokes on one line: as many digits as fit."""
    height, width = canvas.shape
    gap = max(2, int(height * random.uniform(0.02, 0.4)))
    pen = thickness(random)
    for x in range(2, width - 2, gap):
        lean = int(random.normal(0, gap / 2))
        cv2.line(canvas, (x, height // 5), (x + lean, 4 * height // 5), INK, pen)


KINDS: tuple[Callable[[Canvas, np.random.Generator], None], ...] = (
    zigzag, hatching, maze, comb, printed_page, noise, boxes, rings, strokes, row_of_strokes,
)  # fmt: skip


def thickness(random: np.random.Generator) -> int:
    return int(random.choice([1, 1, 1, 2, 3, 6, 12]))


def adversarial_picture(seed: int) -> tuple[str, Canvas]:
    """Return one picture and the names of what it is made of; the same seed gives the same picture."""
    random = np.random.default_rng(seed)
    height, width = (int(random.choice(SIDES)) for _ in range(2))
    while height * width > 4_000_000 and random.random() < 0.9:  # larger ones are rare: they only take longer to decode
        height, width = (int(random.choice(SIDES)) for _ in range(2))
    if height * width > 24_000_000:
        height = 24_000_000 // width
    canvas = np.full((height, width), 255, np.uint8)
    chosen = random.choice(len(KINDS), size=1 if random.random() < 0.7 else 2, replace=False)
    for kind in chosen:
        KINDS[kind](canvas, random)
    if random.random() < 0.3:
        canvas = np.asarray(255 - canvas, np.uint8)
    if random.random() < 0.3:
        grain = random.normal(0, random.uniform(2, 30), canvas.shape)
        canvas = np.clip(canvas * random.uniform(0.5, 1) + grain, 0, 255).astype(np.uint8)
    return "+".join(KINDS[kind].__name__ for kind in chosen), canvas


@cache
def reader() -> Reader:
    cv2.setNumThreads(1)
    return Reader(load_artifact(SHIPPED))


def read(seed: int) -> tuple[float, int, str, str, str]:
    name, canvas = adversarial_picture(seed)
    data = cv2.imencode(".png", canvas, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    mode = MODES[seed % len(MODES)]
    started = time.perf_counter()
    try:
        reading = reader().read(data, mode)
        answer = f"{reading.decision} {reading.reason or ''}"
    except PictureError as error:
        answer = error.code
    return time.perf_counter() - started, seed, f"{canvas.shape[1]}x{canvas.shape[0]} {name}", mode, answer


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, help="read this one picture only")
    parser.add_argument("--save", type=Path, help="with --seed: where to write the picture")
    options = parser.parse_args()
    if options.seed is not None:
        if options.save:
            cv2.imwrite(str(options.save), adversarial_picture(options.seed)[1])
        print(read(options.seed))
        return
    seeds = range(options.first, options.first + options.count)
    with ProcessPoolExecutor(options.jobs) as pool:
        rows = sorted(pool.map(read, seeds, chunksize=20))
    seconds = np.array([row[0] for row in rows])
    p50, p99, p999 = np.percentile(seconds, [50, 99, 99.9])
    print(f"{len(rows)} pictures: p50 {p50:.3f} s, p99 {p99:.3f} s, p99.9 {p999:.3f} s, slowest {seconds[-1]:.3f} s")
    for answer, count in Counter(row[4] for row in rows).most_common():
        print(f"{count:7d}  {answer}")
    for row in rows[:-11:-1]:
        print(f"{row[0]:7.3f} s  seed {row[1]}  {row[2]}  mode {row[3]}  {row[4]}")


if __name__ == "__main__":
    main()
