"""A fuzzer of the decoder: a damaged file may be read or refused, and nothing else may happen.

python -m bench.fuzz_decoder [--files 200000] [--seed 1] [--processes 1]

File number n of a seed is always the same, and a crash names its number. Any error but a refusal ends the run.
"""

import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bench.options import create_parser
from mlcore.reading.files.decode import decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.ink.extraction import find_ink
from tests import corpus
from tests.pictures import draw_digit, encode

SLOW_SECONDS = 1.0
GROWTH_MB = 50
WARM_UP = 500  # files before memory is first measured, so that the decoders have allocated what they keep
CHUNK = 2000
SPECIAL_BYTES = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\xff\xda",
)


@dataclass
class Tally:
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    slowest_file: int = 0
    memory: list[int] = field(default_factory=list)  # bytes, after every chunk

    def add(self, other: "Tally") -> None:
        self.outcomes += other.outcomes
        self.memory += other.memory
        if other.slowest > self.slowest:
            self.slowest, self.slowest_file = other.slowest, other.slowest_file


@cache
def originals() -> tuple[bytes, ...]:
    """Return small files of every format that is read, with rare variants among them."""
    digit = draw_digit(7, size=48)
    plain = [encode(digit, format) for format in ("PNG", "JPEG", "WEBP", "GIF", "BMP")]
    special = [
        encode(digit, "JPEG", progressive=True),
        encode(digit.convert("CMYK"), "JPEG"),
        encode(digit, "WEBP", lossless=True),
        encode(digit.convert("1")),
        encode(digit.convert("P"), transparency=3),
        encode(digit.convert("RGBA")),
        encode(digit, "PNG", save_all=True, append_images=[draw_digit(1, size=48)]),
        encode(digit, "GIF", save_all=True, append_images=[draw_digit(1, size=48)]),
        encode(digit, "MPO", save_all=True, append_images=[draw_digit(1, size=48)]),
        corpus.png(64, 64, corpus.text_bomb(2000), corpus.profile_bomb(2000), depth=16),
        corpus.with_exif_orientation(6, digit),
    ]
    return (*plain, *special)


def flip(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at] ^= 1 << rng.randrange(8)


def overwrite(data: bytearray, rng: random.Random) -> None:
    at, special = rng.randrange(len(data)), rng.choice(SPECIAL_BYTES)
    data[at : at + len(special)] = special


def overwrite_header(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(min(64, len(data)))
    data[at] = rng.randrange(256)


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def drop(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 32)]


def repeat(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 64)] * rng.randrange(1, 8)


def splice(data: bytearray, rng: random.Random) -> None:
    other = rng.choice(originals())
    at = rng.randrange(len(data))
    data[at:] = other[rng.randrange(len(other)) :]


DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flip, flip, overwrite, overwrite_header, cut, drop, repeat, splice,
)  # fmt: skip


def mutant(seed: int, number: int) -> bytes:
    rng = random.Random(f"{seed}/{number}")
    data = bytearray(rng.choice(originals()))
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        rng.choice(DAMAGES)(data, rng)
        if not data:
            break
    return bytes(data)


def fuzz(seed: int, start: int, stop: int) -> Tally:
    tally = Tally()
    for number in range(start, stop):
        data = mutant(seed, number)
        began = time.perf_counter()
        try:
            find_ink(decode(data).pixels)
            tally.outcomes["read"] += 1
        except PictureError as error:
            tally.outcomes[error.code] += 1
        except BaseException:
            print(f"File {number} of seed {seed} got through: {len(data)} bytes", file=sys.stderr)
            raise
        seconds = time.perf_counter() - began
        if seconds > tally.slowest:
            tally.slowest, tally.slowest_file = seconds, number
    tally.memory.append(memory())
    return tally


def memory() -> int:
    """Return the resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> int:
    parser = create_parser(__doc__)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()
    fuzz(args.seed, 0, min(WARM_UP, args.files))
    before = memory()
    total = Tally()
    starts = range(0, args.files, CHUNK)
    began = time.perf_counter()
    with ProcessPoolExecutor(args.processes) as pool:
        jobs = [pool.submit(fuzz, args.seed, start, min(start + CHUNK, args.files)) for start in starts]
        for done, job in enumerate(jobs, start=1):
            total.add(job.result())
            print(f"\r{min(done * CHUNK, args.files):,} files", end="", file=sys.stderr, flush=True)
    growth = (max(total.memory) - max(before, total.memory[0])) / 2**20
    print(f"\n{args.files:,} files in {time.perf_counter() - began:.0f} s, seed {args.seed}", file=sys.stderr)
    for outcome, count in total.outcomes.most_common():
        print(f"{outcome:20s} {count:9,}")
    print(f"slowest              {1000 * total.slowest:9.1f} ms (file {total.slowest_file}; wanted < 1,000)")
    print(f"memory grew by       {growth:9.1f} MB (wanted < {GROWTH_MB})")
    return 0 if total.slowest < SLOW_SECONDS and growth < GROWTH_MB else 1


if __name__ == "__main__":
    sys.exit(main())
