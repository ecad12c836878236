"""Why a picture could not be opened: one code and one sentence, the same behind every door."""

from typing import Literal

PictureErrorCode = Literal["empty_file", "file_too_large", "too_many_pixels", "unsupported_format", "corrupt_image"]


class PictureError(Exception):
    """The bytes given are no picture that the reader opens."""

    def __init__(self, code: PictureErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code: PictureErrorCode = code
        self.detail = detail
