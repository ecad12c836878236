"""Parsers that limit the size of a body. Django limits only the bodies that it reads itself, and DRF reads streams."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from mlcore.reading.files.decode import MAX_BYTES
from recognizer.api.requests.bounded_json import parse_json
from recognizer.api.requests.picture_json import parse_picture_json
from recognizer.problems import Problem

MAX_JSON_BYTES = 100_000
# A picture of the maximum size in base64, and the few other fields beside it.
MAX_PICTURE_JSON_BYTES = MAX_BYTES * 4 // 3 + 64 * 1024
PIECE = 64 * 1024


class LimitedJSONParser(BaseParser):
    """A JSON parser for bodies without a picture."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], *args: Any, **kwargs: Any) -> Any:
        body = b"".join(pieces_of(stream, MAX_JSON_BYTES, "body_too_large"))
        with bad_request_on_invalid_json():
            return parse_json(body)


class PictureJSONParser(BaseParser):
    """A JSON parser for bodies with a picture in base64."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], *args: Any, **kwargs: Any) -> Any:
        with bad_request_on_invalid_json():
            return parse_picture_json(pieces_of(stream, MAX_PICTURE_JSON_BYTES))


class ImageParser(BaseParser):
    """A parser for a picture that is the whole body."""

    media_type = "image/*"

    def parse(self, stream: IO[Any], *args: Any, **kwargs: Any) -> Any:
        picture = BytesIO()
        for piece in pieces_of(stream, MAX_BYTES):
            picture.write(piece)
        return picture.getvalue()  # which copies nothing


@contextmanager
def bad_request_on_invalid_json() -> Iterator[None]:
    try:
        yield
    except (ValueError, RecursionError) as error:
        raise ParseError("The body is not valid JSON.") from error


def pieces_of(stream: IO[Any], limit: int, too_large: str = "file_too_large") -> Iterator[bytes]:
    """Yield the body piece by piece, which needs less memory than one read. Raise Problem where it is too large."""
    size = 0
    while piece := stream.read(PIECE):
        size += len(piece)
        if size > limit:
            raise Problem(too_large)
        yield piece
