"""Bodies with an end: Django bounds a body only where it reads it itself, and DRF reads the stream."""

import json
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from mlcore.reading.decode import MAX_BYTES
from recognizer.problems import Problem

# A picture at the limit as base64, and the rest of the object.
MAX_JSON_BYTES = MAX_BYTES * 4 // 3 + 64 * 1024


class LimitedJSONParser(BaseParser):
    """Not DRF's own, which takes no more than Django allows a form: a picture in base64 is larger."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], *args: Any, **kwargs: Any) -> Any:
        body = read_at_most(MAX_JSON_BYTES, stream)
        try:
            return json.loads(body.decode(), parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is no valid JSON.") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


class ImageParser(BaseParser):
    """The picture as the whole body."""

    media_type = "image/*"

    def parse(self, stream: IO[Any], *args: Any, **kwargs: Any) -> Any:
        return read_at_most(MAX_BYTES, stream)


def read_at_most(limit: int, stream: IO[Any]) -> bytes:
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise Problem("file_too_large")
    return body
