"""Parsers that limit the size of a body. Django limits only the bodies that it reads itself, and DRF reads streams."""

from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from mlcore.reading.decode import MAX_BYTES
from recognizer.api.bounded_json import MAX_TOKENS, parse_json
from recognizer.problems import Problem

MAX_JSON_BYTES = 100_000
# A picture of the maximum size in base64, and the few other fields beside it.
MAX_PICTURE_JSON_BYTES = MAX_BYTES * 4 // 3 + 64 * 1024
MAX_PICTURE_JSON_TOKENS = 200


class LimitedJSONParser(BaseParser):
    """A JSON parser for bodies without a picture."""

    media_type = "application/json"
    max_bytes = MAX_JSON_BYTES
    max_tokens = MAX_TOKENS
    too_large = "body_too_large"  # the code of a larger body

    def parse(self, stream: IO[Any], *args: Any, **kwargs: Any) -> Any:
        body = read_at_most(self.max_bytes, stream, self.too_large)
        try:
            return parse_json(body, max_tokens=self.max_tokens)
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not valid JSON.") from error


class PictureJSONParser(LimitedJSONParser):
    """A JSON parser for bodies with a picture in base64."""

    max_bytes = MAX_PICTURE_JSON_BYTES
    max_tokens = MAX_PICTURE_JSON_TOKENS
    too_large = "file_too_large"


class ImageParser(BaseParser):
    """A parser for a picture that is the whole body."""

    media_type = "image/*"

    def parse(self, stream: IO[Any], *args: Any, **kwargs: Any) -> Any:
        return read_at_most(MAX_BYTES, stream)


def read_at_most(limit: int, stream: IO[Any], too_large: str = "file_too_large") -> bytes:
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise Problem(too_large)
    return body
