"""The errors of pictures that cannot be opened: one code and one sentence, the same for pages, API and commands."""

from typing import Literal

PictureErrorCode = Literal[
    "empty_file",
    "file_too_large",
    "too_many_pixels",
    "unsupported_format",
    "corrupt_image",
    # of documents, whose pages are pictures
    "encrypted_file",
    "corrupt_document",
    "too_many_pages",
    "document_too_complex",
]


class PictureError(Exception):
    """A file that the reader cannot open as a picture."""

    def __init__(self, code: PictureErrorCode, detail: str) -> None:
        super().__init__(code, detail)  # with both, so that another process can send the error
        self.code: PictureErrorCode = code
        self.detail = detail

    def __str__(self) -> str:
        return self.detail
