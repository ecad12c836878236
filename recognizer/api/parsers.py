"""Bodies with an end: Django bounds a body only where it reads it itself, and DRF reads the stream."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser

from mlcore.reading.decode import MAX_BYTES
from recognizer.problems import Problem

# A picture at the limit as base64, and the rest of the object.
MAX_JSON_BYTES = MAX_BYTES * 4 // 3 + 64 * 1024


class LimitedJSONParser(JSONParser):
    strict = True

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = read_at_most(MAX_JSON_BYTES, stream)
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error


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
