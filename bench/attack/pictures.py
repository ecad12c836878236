"""Adversarial pictures: the processor seconds that the reader spends on each, and what it answers.

    python -m bench.attack.pictures --log rows.jsonl    # 20,000 pictures, each mode in turn; run again to resume
    python -m bench.attack.pictures --count 500 --jobs 2
    python -m bench.attack.pictures --seed 17 --save 17.png

Every row is appended to the log as soon as it is known, and pictures in the log are not read again. Several processes
may share one log, for instance with `--first 10000`. Where digits were found, the feature maps of all and the occlusion
maps of one are made and timed as well.

The seconds are those of the processor, which other work on the machine hardly changes.
Wanted for each: p99.9 under 1 s and nothing over 2 s.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.options import create_parser
from mlcore.artifact import SHIPPED, load_artifact
from mlcore.explaining.explainer import Explainer
from mlcore.explaining.mosaic import MAX_MAPPED_GLYPHS, draw_mosaic
from mlcore.reading.files.errors import PictureError
from mlcore.reading.reader import Reader
from mlcore.reading.result import MODES, Glyph

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


@dataclass(frozen=True, slots=True)
class Row:
    """The processor seconds of one picture, and its answer."""

    seed: int
    reading: float
    maps: float  # 0 where no digit was found
    occlusion: float
    picture: str
    mode: str
    answer: str


@cache
def explainer() -> Explainer:
    return Explainer(reader().engine)


@cache
def reader() -> Reader:
    cv2.setNumThreads(1)
    return Reader(load_artifact(SHIPPED))


def measure(seed: int) -> Row:
    name, canvas = adversarial_picture(seed)
    data = cv2.imencode(".png", canvas, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    mode = MODES[seed % len(MODES)]
    glyphs: tuple[Glyph, ...] = ()
    started = time.process_time()
    try:
        reading = reader().read(data, mode)
        glyphs, answer = reading.glyphs, f"{reading.decision} {reading.reason or ''}"
    except PictureError as error:
        answer = error.code
    read = time.process_time()
    draw_maps(glyphs)
    drawn = time.process_time()
    if glyphs:
        explainer().explain(glyphs[0].input, glyphs[0].probabilities, is_digit=1.0)
    explained = time.process_time()
    what = f"{canvas.shape[1]}x{canvas.shape[0]} {name}"
    return Row(seed, read - started, drawn - read, explained - drawn, what, mode, answer)


def draw_maps(glyphs: Sequence[Glyph]) -> None:
    """Draw the feature maps as a worker does, but write no files."""
    if glyphs:
        activations = reader().engine.activations(np.stack([glyph.input for glyph in glyphs[:MAX_MAPPED_GLYPHS]]))
        for maps in activations.values():
            for each in maps:
                draw_mosaic(each)


def load_rows(log: Path | None) -> dict[int, Row]:
    """Return the rows of the log by their seed. A killed process may have left half a line, which is skipped."""
    rows = {}
    for line in log.read_text().splitlines() if log and log.exists() else ():
        try:
            row = Row(**json.loads(line))
        except (ValueError, TypeError):
            continue
        rows[row.seed] = row
    return rows


def append_row(log: Path, row: Row) -> None:
    """Append one line in one write, which other processes cannot interrupt. It begins on a new line."""
    with log.open("a") as file:
        file.write(f"\n{json.dumps(asdict(row))}\n")


def print_table(rows: Sequence[Row]) -> None:
    print(f"{len(rows)} pictures")
    for what in ("reading", "maps", "occlusion"):
        seconds = np.array([getattr(row, what) for row in rows])
        p50, p99, p999 = np.percentile(seconds, [50, 99, 99.9])
        print(f"{what:10s} p50 {p50:.3f} s, p99 {p99:.3f} s, p99.9 {p999:.3f} s, slowest {seconds.max():.3f} s")
    for answer, count in Counter(row.answer for row in rows).most_common():
        print(f"{count:7d}  {answer}")
    for row in sorted(rows, key=lambda row: -row.reading)[:10]:
        print(f"{row.reading:7.3f} s  seed {row.seed}  {row.picture}  mode {row.mode}  {row.answer}")


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--log", type=Path, help="a file to append the rows to, and to resume from")
    parser.add_argument("--seed", type=int, help="read this one picture only")
    parser.add_argument("--save", type=Path, help="with --seed: where to write the picture")
    options = parser.parse_args()
    if options.seed is not None:
        if options.save:
            cv2.imwrite(str(options.save), adversarial_picture(options.seed)[1])
        print(measure(options.seed))
        return
    seeds = range(options.first, options.first + options.count)
    known = load_rows(options.log)
    rows = [known[seed] for seed in seeds if seed in known]
    with ProcessPoolExecutor(options.jobs, initializer=measure, initargs=(0,)) as pool:  # loads the networks first
        for row in pool.map(measure, [seed for seed in seeds if seed not in known], chunksize=1):
            if options.log:
                append_row(options.log, row)
            rows.append(row)
    print_table(rows)


if __name__ == "__main__":
    main()
