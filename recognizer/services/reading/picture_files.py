"""Pictures in files, which are read in groups by one process or several and not stored."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from mlcore.artifact import Artifact
from mlcore.reading.expectations.expectation import Expectation
from mlcore.reading.files.decode import MAX_BYTES, Picture
from mlcore.reading.files.errors import PictureError
from mlcore.reading.reader import Reader
from mlcore.reading.result import Mode, Reading
from mlcore.reading.trace import Trace
from mlcore.reading.written import DecimalMark
from mlcore.worker_pool import WorkerPool

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"})
PICTURES_AT_ONCE = 64  # read by one call of the network
BYTES_AT_ONCE = 64 * 1024 * 1024  # bounds the memory when the files are large
GROUPS_AHEAD = 2  # for each process: so much is read before its answers are wanted

Answer = Reading | PictureError | OSError


@dataclass(frozen=True)
class FileReader:
    """A reader of files in one mode. Each process that gets it makes the networks' sessions itself."""

    artifact: Artifact
    mode: Mode
    decimal: DecimalMark | None = None
    expectation: Expectation | None = None

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.artifact)

    def read_files(self, paths: Iterable[str], processes: int = 1) -> Iterator[tuple[str, Answer]]:
        """Yield the paths in their order, each with the reading of its file or the error."""
        if processes == 1:
            for group in _group(paths):
                yield from zip(group, self.read_group(group), strict=True)
            return
        with WorkerPool(self, processes) as pool:
            waiting: deque[tuple[list[str], Future[list[Answer]]]] = deque()
            for group in _group(paths):
                waiting.append((group, pool.submit(FileReader.read_group, group)))
                if len(waiting) > GROUPS_AHEAD * processes:
                    done, answers = waiting.popleft()
                    yield from zip(done, answers.result(), strict=True)
            for group, answers in waiting:
                yield from zip(group, answers.result(), strict=True)

    def read_picture(self, picture: Picture, trace: Trace) -> Reading:
        return self.reader.read_picture(picture, self.mode, trace, decimal=self.decimal, expectation=self.expectation)

    def read_group(self, paths: list[str]) -> list[Answer]:
        read: list[Answer] = []
        for contents in _group_contents(paths):
            pictures = [content for content in contents if isinstance(content, bytes)]
            answers = iter(
                self.reader.read_many(pictures, self.mode, decimal=self.decimal, expectation=self.expectation)
            )
            read += [next(answers) if isinstance(content, bytes) else content for content in contents]
        return read


def find_pictures(names: Iterable[str]) -> Iterator[str]:
    """Yield the paths as given, with each folder replaced by the pictures in it."""
    for name in names:
        if Path(name).is_dir():
            inside = Path(name).rglob("*")
            yield from sorted(str(path) for path in inside if path.suffix.lower() in SUFFIXES)
        else:
            yield name


def read_file(path: str) -> bytes | OSError:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)  # one byte over the limit proves that a file is too large
    except (OSError, ValueError) as error:
        return error if isinstance(error, OSError) else OSError(0, "Not a file name")


def _group(paths: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(paths)
    while group := list(islice(rest, PICTURES_AT_ONCE)):
        yield group


def _group_contents(paths: Iterable[str]) -> Iterator[list[bytes | OSError]]:
    """Yield the files' contents in groups that are small enough for the memory."""
    group: list[bytes | OSError] = []
    size = 0
    for path in paths:
        content = read_file(path)
        group.append(content)
        size += len(content) if isinstance(content, bytes) else 0
        if size > BYTES_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group
