from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from rest_framework.parsers import JSONParser

from mlcore.reading.decode import MAX_BYTES
from recognizer.problems import Problem

# A picture at the limit as base64, and the rest of the object.
MAX_JSON_BYTES = MAX_BYTES * 4 // 3 + 64 * 1024


class LimitedJSONParser(JSONParser):
    """Django bounds a body only where it reads it itself; DRF reads the stream."""

    strict = True

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = stream.read(MAX_JSON_BYTES + 1)
        if len(body) > MAX_JSON_BYTES:
            raise Problem("file_too_large")
        return super().parse(BytesIO(body), media_type, parser_context)
