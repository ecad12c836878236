"""A benchmark of the reader on one core: medians, without the first runs.

python -m bench.reading
"""

import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.pictures import digit_png, draw_digit, varied_pngs

WARM_UP = 3
FRESH = """
import re, time
from pathlib import Path
began = time.perf_counter()
from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.reader import Reader
picture = Path({picture!r}).read_bytes()
reader = Reader(load_artifact(SHIPPED))
reader.read(picture, "digit")
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]  # ru_maxrss counts the parent's
print(1000 * (time.perf_counter() - began), int(peak) / 1024)
"""


def median_ms(work: Callable[[], object], times: int) -> float:
    for _ in range(WARM_UP):
        work()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def large_jpeg() -> bytes:
    """Return a picture of 12 megapixels with the grain of a phone's camera."""
    drawn = np.asarray(draw_digit(7, size=3000).resize((4000, 3000)), np.float32)
    grain = np.random.default_rng(0).normal(0, 4, (3000, 4000, 1))
    output = io.BytesIO()
    Image.fromarray(np.clip(0.85 * drawn + grain, 0, 255).astype(np.uint8)).save(output, "JPEG", quality=90)
    return output.getvalue()


def fresh_process(picture: Path) -> tuple[float, float]:
    """Return the milliseconds from a new process to its first answer, and its peak memory in MB."""
    program = FRESH.format(picture=str(picture))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    milliseconds, megabytes = done.stdout.split()
    return float(milliseconds), float(megabytes)


def command_seconds(folder: Path) -> float:
    command = [sys.executable, "manage.py", "read", "--json", "--mode", "digit", str(folder)]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    if len(done.stdout.splitlines()) != 1000:
        raise SystemExit(f"1,000 pictures in, {len(done.stdout.splitlines())} answers out")
    return seconds


def main() -> None:
    from mlcore.artifact import SHIPPED, load_artifact
    from mlcore.reading.reader import Reader

    reader = Reader(load_artifact(SHIPPED))
    small, large = digit_png(7, size=400), large_jpeg()
    one = np.zeros((1, 28, 28), np.uint8)
    rows = [
        ("400×400 PNG, read", median_ms(lambda: reader.read(small, "digit"), 200), 4.0, "ms"),
        ("12-megapixel JPEG, read", median_ms(lambda: reader.read(large, "digit"), 20), 120.0, "ms"),
        ("network alone", median_ms(lambda: reader.engine.classify(one), 500), 1.0, "ms"),
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, picture in enumerate(varied_pngs(1000, size=64)):
            (folder / f"{number:04d}.png").write_bytes(picture)
        starts = [fresh_process(folder / "0000.png") for _ in range(5)]
        rows += [
            ("1,000 pictures of 64×64 by manage.py read", command_seconds(folder), 5.0, "s"),
            ("from nothing to the first answer", statistics.median(start[0] for start in starts), 500.0, "ms"),
            ("memory at its peak", max(start[1] for start in starts), 150.0, "MB"),
        ]
    for what, measured, wanted, unit in rows:
        verdict = "" if measured < wanted else "  MISSED"
        print(f"{what:44s} {measured:8.2f} {unit:3s} (wanted < {wanted:g}){verdict}")


if __name__ == "__main__":
    main()
