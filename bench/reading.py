"""A benchmark of the reader on one core: medians, without the first runs.

    python -m bench.reading
    python -m bench.reading --against FOLDER    # a clone of another commit

`--against` gives the processor time of readings here and there, alternated picture by picture in two processes, and the
memory of both. Other work on the machine slows both alike.
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

from bench.options import create_parser
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import Spacing, write_line
from recognizer.figures.drawings import draw_png
from tests.pictures import digit_png, draw_digit, varied_pngs

WARM_UP = 3
SPACING = Spacing(gap=0.12, gap_spread=0.05, rise=0.05, sizes=0.08)
TIMES = 15  # readings of each picture that are compared
PAGE_LINES = 40
COMPARED = """
import re, sys, time
from pathlib import Path
sys.path.insert(0, "")
from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.reader import Reader
from mlcore.reading.result import MODES
reader = Reader(load_artifact(SHIPPED))
for line in sys.stdin:
    mode, path = line.rstrip().split(" ", 1)
    if mode == "memory":
        print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024, flush=True)
        continue
    picture = Path(path).read_bytes()
    began = time.process_time()
    reader.read(picture, mode)
    taken = 1000 * (time.process_time() - began)
    print(taken if mode in MODES else "nan", flush=True)  # the other commit may lack the mode
"""
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


def page_png() -> bytes:
    """Return a page of numbers below each other."""
    rng = np.random.default_rng(1)
    lines = [
        np.pad(
            write_line(f"{rng.integers(10**5):05}", 44, SPACING, write_digit, rng, marks=False).ink, ((0, 30), (0, 0))
        )
        for _ in range(PAGE_LINES)
    ]
    width = max(line.shape[1] for line in lines)
    ink = np.concatenate([np.pad(line, ((0, 0), (0, width - line.shape[1]))) for line in lines])
    output = io.BytesIO()
    Image.fromarray(np.rint(255 * (1 - np.pad(ink, 30).clip(0, 1))).astype(np.uint8)).save(output, "PNG")
    return output.getvalue()


def compare(other: Path) -> None:
    """Print the processor time of readings and the peak memory, here and in a clone of another commit."""
    pictures = {
        "400×400 digit": ("digit", digit_png(7, size=400)),
        "six digits": ("number", draw_png("271828")),
        "12-megapixel photo": ("digit", large_jpeg()),
        f"page of {PAGE_LINES} lines": ("lines", page_png()),
    }
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", COMPARED], cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for folder in (Path.cwd(), other)
    ]
    with tempfile.TemporaryDirectory() as name:
        for number, (what, (mode, picture)) in enumerate(pictures.items()):
            path = Path(name) / str(number)
            path.write_bytes(picture)
            rounds = [[ask(program, f"{mode} {path}") for program in programs] for _ in range(WARM_UP + TIMES)]
            here, there = (statistics.median(times) for times in zip(*rounds[WARM_UP:], strict=True))
            print(f"{what:24s} here {here:8.1f} ms   there {there:8.1f} ms   ×{here / there:.2f}", flush=True)
        here, there = (ask(program, "memory -") for program in programs)
        print(f"{'memory at its peak':24s} here {here:8.1f} MB   there {there:8.1f} MB")
    for program in programs:
        program.communicate()


def ask(program: "subprocess.Popen[str]", question: str) -> float:
    assert program.stdin and program.stdout
    program.stdin.write(f"{question}\n")
    program.stdin.flush()
    return float(program.stdout.readline())


def main() -> None:
    from mlcore.artifact import SHIPPED, load_artifact
    from mlcore.reading.reader import Reader

    parser = create_parser(__doc__)
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="a clone of another commit")
    options = parser.parse_args()
    if options.against:
        compare(options.against)
        return
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
