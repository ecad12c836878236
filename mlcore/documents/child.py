"""The process that renders the pages of one untrusted document, with limits on its memory and time.

    python -m mlcore.documents.child FIRST MOST PARENT < document > lines and pictures

The output begins with a line of JSON, `{"pages": 3}` or `{"error": "encrypted_file"}`. Each page follows as a line with
its number and the size of its PNG, or its error, and the PNG. Pages begin at FIRST; page 1 comes last. PARENT is the
process whose end ends this one.
"""

import io
import json
import math
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Protocol

import pypdfium2
from PIL import Image

from mlcore.documents.kinds import is_pdf
from mlcore.documents.limits import CPU_SECONDS, MEMORY_BYTES
from mlcore.limited_process import end_with, limit_resources
from mlcore.reading.files.decode import (
    DAMAGE,
    LONGEST,
    check_size,
    read_orientation,
    reduce_to,
    rgb_on_white,
    too_many_pixels,
    turn_upright,
)
from mlcore.reading.files.errors import PictureError

PDF_NEEDS_PASSWORD = 4  # FPDF_ERR_PASSWORD
PNG_LEVEL = 3


class Document(Protocol):
    """An open document."""

    def count(self, most: int) -> int:
        """Return the number of pages, or any larger number than `most` if there are more."""
        ...

    def page(self, number: int) -> Image.Image:
        """Return the page with this number, from 1, upright and at most LONGEST pixels long."""
        ...


class PdfDocument:
    """A PDF file, rendered by PDFium."""

    def __init__(self, data: bytes) -> None:
        try:
            self.document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            if error.err_code == PDF_NEEDS_PASSWORD:
                raise PictureError("encrypted_file", "The file is encrypted and cannot be opened.") from error
            raise damaged() from error

    def count(self, most: int) -> int:
        return len(self.document)

    def page(self, number: int) -> Image.Image:
        try:
            page = self.document[number - 1]
            longest = max(page.get_size())
            if not math.isfinite(longest) or longest <= 0:
                raise damaged()
            picture: Image.Image = page.render(scale=LONGEST / longest).to_pil().convert("RGB")
            page.close()
        except pypdfium2.PdfiumError as error:
            raise damaged() from error
        return picture


class TiffDocument:
    """A TIFF file. Its pages are counted one by one, because its header does not state their number."""

    def __init__(self, data: bytes) -> None:
        try:
            self.image = Image.open(io.BytesIO(data), formats=("TIFF",))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise too_many_pixels() from error
        except DAMAGE as error:
            raise damaged() from error

    def count(self, most: int) -> int:
        found = 1
        with suppress(EOFError):
            while found <= most:
                self.image.seek(found)
                found += 1
        return found

    def page(self, number: int) -> Image.Image:
        self.image.seek(number - 1)
        check_size("PNG", *self.image.size)
        self.image.load()
        return Image.fromarray(turn_upright(reduce_to(rgb_on_white(self.image), LONGEST), read_orientation(self.image)))


def damaged() -> PictureError:
    return PictureError("corrupt_document", "The document is damaged.")


def open_document(data: bytes) -> Document:
    return PdfDocument(data) if is_pdf(data) else TiffDocument(data)


def render(data: bytes, first: int, most: int, output: BinaryIO) -> None:
    """Write the pages to the output, as the description of this module says."""
    try:
        document = open_document(data)
        pages = document.count(most)
        if not pages:
            raise damaged()
        if pages > most:
            raise PictureError("too_many_pages", "The document has too many pages.")
    except PictureError as error:
        write_line(output, error=error.code)
        return
    except DAMAGE:
        write_line(output, error="corrupt_document")
        return
    write_line(output, pages=pages)
    for number, png, error_code in rendered_pages(document, [*range(first, pages + 1), 1]):
        write_line(output, page=number, bytes=len(png), error=error_code)
        output.write(png)
        output.flush()


def rendered_pages(document: Document, numbers: list[int]) -> Iterator[tuple[int, bytes, str]]:
    """Yield each page as a PNG, or with the code of its problem."""
    for number in numbers:
        try:
            png = io.BytesIO()
            document.page(number).save(png, "PNG", compress_level=PNG_LEVEL)
            yield number, png.getvalue(), ""
        except PictureError as error:
            yield number, b"", error.code
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            yield number, b"", "too_many_pixels"
        except DAMAGE:
            yield number, b"", "corrupt_document"


def write_line(output: BinaryIO, **values: object) -> None:
    output.write(json.dumps(values).encode() + b"\n")
    output.flush()


if __name__ == "__main__":
    end_with(int(sys.argv[3]))
    limit_resources(memory_bytes=MEMORY_BYTES, cpu_seconds=CPU_SECONDS)
    render(sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]), sys.stdout.buffer)
