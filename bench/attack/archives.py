"""Hostile ZIP files: the seconds and the memory until each is refused or unpacked.

    python -m bench.attack.archives

Wanted for each: at most 1 s and 100 MB.
"""

import os
import struct
import tempfile
import time
import zlib
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import IO

import django

ENTRY = struct.Struct("<4s6H3L5H2L")
HEADER = struct.Struct("<4s5H3L2H")
END = struct.Struct("<4s4H2LH")
FULL = 200 * 1024 * 1024


def entry(name: bytes, *, packed: int, size: int, offset: int) -> bytes:
    fields = (b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, packed, size, len(name), 0, 0, 0, 0, 0, offset)
    return ENTRY.pack(*fields) + name


def header(name: bytes, *, packed: int, size: int) -> bytes:
    return HEADER.pack(b"PK\x03\x04", 20, 0, 8, 0, 0, 0, packed, size, len(name), 0) + name


def end(count: int, size: int, offset: int) -> bytes:
    return END.pack(b"PK\x05\x06", 0, 0, min(count, 65535), min(count, 65535), size, offset, 0)


def zip64_directory(file: IO[bytes]) -> None:
    """The ordinary record says 50 bytes, the ZIP64 record names four million files."""
    one = entry(b"x", packed=0, size=0, offset=0)
    count = (FULL - 1024) // len(one)
    for _ in range(count // 1000):
        file.write(one * 1000)
    size = file.tell()
    file.write(struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, 0))
    file.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, size, 1))
    file.write(end(1, 50, size - 50))


def full_directory(file: IO[bytes]) -> None:
    """A directory of four megabytes, the most that is read."""
    file.write(b"\0" * (FULL - 5 * 1024 * 1024))
    start = file.tell()
    one = entry(b"x", packed=0, size=0, offset=0)
    count = min(65535, 4 * 1024 * 1024 // len(one))
    file.write(one * count)
    file.write(end(count, count * len(one), start))


def overlapping(file: IO[bytes]) -> None:
    deflated = zlib.compress(b"\0" * 20_000_000)[2:-4]
    file.write(header(b"a.bmp", packed=len(deflated), size=20_000_000) + deflated)
    start = file.tell()
    file.write(entry(b"a.bmp", packed=len(deflated), size=20_000_000, offset=0) * 1000)
    file.write(end(1000, file.tell() - start, start))


def bombs(file: IO[bytes]) -> None:
    """Fifty files that announce 100 bytes and unpack to 1 GB each."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = b"\0" * 1_000_000
    deflated = b"".join(packer.compress(zeros) for _ in range(1000)) + packer.flush()
    entries = []
    for number in range(50):
        name = b"%d.bmp" % number
        entries.append(entry(name, packed=len(deflated), size=100, offset=file.tell()))
        file.write(header(name, packed=len(deflated), size=100) + deflated)
    start = file.tell()
    file.write(b"".join(entries))
    file.write(end(len(entries), file.tell() - start, start))


ATTACKS = (zip64_directory, full_directory, overlapping, bombs)


def measure(path: str) -> None:
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "ENV_FILE": os.devnull}
    django.setup()
    from recognizer.problems import Problem
    from recognizer.services.batches.archives import unpack

    before = peak_mb()
    started = time.perf_counter()
    with Path(path).open("rb") as file:
        try:
            files = sum(1 for member in unpack(file, most=10_000))
            answer = f"{files} files"
        except Problem as problem:
            answer = problem.code
    seconds, size = time.perf_counter() - started, Path(path).stat().st_size / 1e6
    print(f"{Path(path).name:18s} {size:6.1f} MB  {seconds:6.2f} s  {peak_mb() - before:6.1f} MB more  {answer}")


def peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def attacks(folder: Path) -> Iterator[Path]:
    for attack in ATTACKS:
        path = folder / attack.__name__
        with path.open("wb") as file:
            attack(file)
        yield path


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path in attacks(Path(folder)):
            process = get_context("spawn").Process(target=measure, args=(str(path),))
            process.start()
            process.join()


if __name__ == "__main__":
    main()
