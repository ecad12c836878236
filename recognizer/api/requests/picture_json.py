"""A parser for JSON bodies with a picture in base64, which never holds more than the decoded picture.

A picture of 20 MB is a string of 27 MB. As bytes, as text and without line breaks it would be in memory three times
while it is decoded. Here the body is read in pieces, and the one long string is decoded while it arrives.
"""

import binascii
import json
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import uuid4

from recognizer.api.requests.bounded_json import parse_json
from recognizer.problems import Problem

PICTURE = "image"  # the member that may be long
LONG = 32 * 1024  # from this length on a string is decoded while it arrives
MAX_REST = 100_000  # bytes of all else
MAX_TOKENS = 200
MAX_HEAD = 200  # characters before the comma of a data URL

WHITESPACE = b" \t\n\r\v\f"
NOT_BASE64 = "`image` is not valid base64."


class PictureDecoder:
    """A decoder of a picture in base64 or in a data URL, which takes the text in pieces."""

    def __init__(self) -> None:
        self.output = BytesIO()
        self.head = ""  # what may be the beginning of a data URL
        self.in_head = True
        self.rest = b""  # less than four characters of base64
        self.is_padded = False

    def add(self, text: str) -> None:
        if self.in_head:
            text = self._without_head(text)
        try:
            encoded = self.rest + text.encode("ascii").translate(None, WHITESPACE)
        except UnicodeEncodeError as error:
            raise Problem("bad_request", NOT_BASE64) from error
        whole = len(encoded) // 4 * 4
        self._decode(encoded[:whole])
        self.rest = encoded[whole:]

    def finish(self) -> bytes:
        """Return the picture."""
        if self.in_head:
            if self.head.startswith("data:"):
                raise Problem("bad_request", "`image` is not a valid data URL.")
            self.in_head = False
            self.add(self.head)
        self._decode(self.rest)  # an incomplete group is an error
        return self.output.getvalue()  # which copies nothing

    def _without_head(self, text: str) -> str:
        """Return what is behind the head of a data URL, or an empty string while it may go on."""
        self.head += text
        if not self.head.startswith("data:"):
            if len(self.head) < len("data:"):
                return ""
            self.in_head = False
            return self.head
        head, comma, text = self.head.partition(",")
        if len(head) > MAX_HEAD or (comma and not head.endswith(";base64")):
            raise Problem("bad_request", "`image` is not a data URL with base64.")
        self.in_head = not comma
        return text

    def _decode(self, encoded: bytes) -> None:
        if not encoded:
            return
        try:
            decoded = binascii.a2b_base64(encoded, strict_mode=True)
        except binascii.Error as error:
            raise Problem("bad_request", NOT_BASE64) from error
        if self.is_padded:
            raise Problem("bad_request", NOT_BASE64)
        self.output.write(decoded)
        self.is_padded = encoded.endswith(b"=")


class LongString:
    """The content of a long JSON string, whose escapes may be divided between two pieces."""

    def __init__(self) -> None:
        self.decoder = PictureDecoder()
        self.rest = b""  # the last escape, which may go on

    def add(self, piece: bytes) -> None:
        piece = self.rest + piece
        end = escape_at_end(piece)
        self._decode(piece[:end])
        self.rest = piece[end:]

    def finish(self) -> bytes:
        """Return the picture."""
        self._decode(self.rest)
        return self.decoder.finish()

    def _decode(self, content: bytes) -> None:
        self.decoder.add(json.loads(f'"{content.decode()}"'))


def escape_at_end(piece: bytes) -> int:
    """Return where an escape begins in the last bytes, or the length. It has at most six bytes, as in `\\u0041`."""
    start = piece.rfind(b"\\", max(0, len(piece) - 6))
    if start < 0:
        return len(piece)
    run = piece[: start + 1]
    backslashes = len(run) - len(run.rstrip(b"\\"))
    return start if backslashes % 2 else start - 1  # of two backslashes the first begins the escape


class PictureBody:
    """A JSON body that is read in pieces: its long string is decoded, and all else is kept for the parser."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.run_start = 0  # of what has been kept since the last quote
        self.long_string: LongString | None = None
        self.in_long_string = False
        self.marker = uuid4().hex  # stands for the long string

    def add(self, piece: bytes) -> None:
        *runs, last = piece.split(b'"')
        for run in runs:
            self._add_to_run(run)
            self.in_long_string = False
            self.kept += b'"'
            self.run_start = len(self.kept)
        self._add_to_run(last)
        if len(self.kept) > MAX_REST:
            raise ValueError("The body is too large beside its picture.")

    def finish(self) -> Any:
        """Return the value of the body; the picture is bytes in it, unless it is short."""
        value = parse_json(bytes(self.kept), max_tokens=MAX_TOKENS)
        if self.long_string:
            if not isinstance(value, dict) or value.get(PICTURE) != self.marker:
                raise ValueError("Only the picture may be long.")
            value[PICTURE] = self.long_string.finish()
        return value

    def _add_to_run(self, part: bytes) -> None:
        if self.in_long_string and self.long_string:
            self.long_string.add(part)
            return
        self.kept += part
        if len(self.kept) - self.run_start > LONG:
            if self.long_string:
                raise ValueError("Only the picture may be long.")
            self.long_string, self.in_long_string = LongString(), True
            self.long_string.add(bytes(self.kept[self.run_start :]))
            self.kept[self.run_start :] = self.marker.encode()


def parse_picture_json(pieces: Iterable[bytes]) -> Any:
    """Return the value of a body. Raise ValueError if it is invalid, and Problem if its picture is."""
    body = PictureBody()
    for piece in pieces:
        body.add(piece)
    return body.finish()


def decode_picture(text: str) -> bytes:
    """Return the picture in a string: base64, or a data URL, which is short where it has percent escapes."""
    head, comma, rest = text.partition(",")
    if comma and head.startswith("data:") and not head.endswith(";base64"):
        return unquote_to_bytes(rest)
    decoder = PictureDecoder()
    decoder.add(text)
    return decoder.finish()
