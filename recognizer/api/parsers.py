"""Parsers that limit the size of a body. Django limits only the bodies that it reads itself, and DRF reads streams."""

import json
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from mlcore.reading.decode import MAX_BYTES
from recognizer.problems import Problem

# A picture of the maximum size in base64, and the rest of the object.
MAX_JSON_BYTES = MAX_BYTES * 4 // 3 + 64 * 1024


class LimitedJSONParser(BaseParser):
    """A JSON parser for bodies up to MAX_JSON_BYTES. DRF's own accepts no more than a form, and pictures are larger."""

    media_type = "application/json"

    def parse(self, stream: IO[Any], *args: Any, **kwargs: Any) -> Any:
        body = read_at_most(MAX_JSON_BYTES, stream)
        try:
            return json.loads(body.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not valid JSON.") from error


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON value.")


class ImageParser(BaseParser):
    """A parser for a picture that is the whole body."""

    media_type = "image/*"

    def parse(self, stream: IO[Any], *args: Any, **kwargs: Any) -> Any:
        return read_at_most(MAX_BYTES, stream)


def read_at_most(limit: int, stream: IO[Any]) -> bytes:
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise Problem("file_too_large")
    return body
