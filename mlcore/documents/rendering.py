"""The rendering of a document's pages in a child process, which a hostile document may exhaust or crash."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from mlcore.limited_process import ENVIRONMENT
from mlcore.reading.files.errors import PictureError

MAX_PAGES = 1_000
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a document: a PNG, or the code of the problem why there is none."""

    number: int  # from 1
    png: bytes
    error_code: str = ""


class Rendering:
    """The pages of a document from `first` on, and page 1 as the last. Use it in a `with` statement.

    Entering it, and each page, may raise PictureError.
    """

    pages: int  # of the whole document

    def __init__(self, data: bytes, *, first: int = 2) -> None:
        self.data = data
        self.first = first

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "mlcore.documents.child", str(self.first), str(MAX_PAGES), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=ENVIRONMENT,
        )
        self.input = cast(IO[bytes], self.process.stdin)
        self.output = cast(IO[bytes], self.process.stdout)
        try:
            with suppress(BrokenPipeError):
                self.input.write(self.data)
            with suppress(BrokenPipeError):
                self.input.close()
            self.pages = int(self._read_line()["pages"])
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def __iter__(self) -> Iterator[Page]:
        number = 0
        while number != 1:
            line = self._read_line(allows_errors=True)
            number = int(line["page"])
            png = self.output.read(int(line["bytes"]))
            if len(png) < int(line["bytes"]):
                raise too_complex()
            yield Page(number, png, str(line["error"]))

    def _read_line(self, *, allows_errors: bool = False) -> dict[str, Any]:
        line = self.output.readline()
        if not line.endswith(b"\n"):
            raise too_complex()
        values: dict[str, Any] = json.loads(line)
        if not allows_errors and "error" in values:
            raise PictureError(values["error"], "The document cannot be opened.")
        return values

    def _end(self) -> None:
        self.process.kill()
        self.output.close()
        with suppress(BrokenPipeError):
            self.input.close()
        self.process.wait()


def too_complex() -> PictureError:
    return PictureError("document_too_complex", "The document needs too much memory or time.")
