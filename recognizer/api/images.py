"""The picture of a request, in each of the forms in which it can be sent."""

import base64
import binascii
from typing import Any
from urllib.parse import unquote_to_bytes

from rest_framework.request import Request

from recognizer.problems import Problem
from recognizer.uploadhandlers import check_files


def image_of(request: Request) -> tuple[bytes, str]:
    """Return the picture's bytes and its file name, if any.

    The picture is the multipart field `image`, the JSON field `image` (a data URL or base64), or the body itself.
    """
    data: Any = request.data
    kind = request.content_type.partition("/")[0].lower()
    if kind == "multipart":
        return _from_files(request)
    if kind == "image":
        if not data:
            raise Problem("empty_file")
        return data, ""
    if not isinstance(data, dict):
        raise Problem("bad_request", "Send a JSON object.")
    return _from_json(data.get("image")), ""


def _from_files(request: Request) -> tuple[bytes, str]:
    files = request.FILES.getlist("image")
    check_files(request._request)
    if not files:
        raise Problem("missing_file", "Send the image as a file in the field `image`.")
    if len(request.FILES) > 1 or len(files) > 1:
        raise Problem("bad_request", "Send one image. Several images make a batch.")
    return files[0].read(), files[0].name or ""


def _from_json(value: object) -> bytes:
    if value is None or value == "":
        raise Problem("missing_file", "Send the image as a data URL or base64 in `image`.")
    if not isinstance(value, str):
        raise Problem("bad_request", "`image` must be a string.")
    head, comma, rest = value.partition(",") if value.startswith("data:") else ("", ",", value)
    if not comma:
        raise Problem("bad_request", "`image` is not a valid data URL.")
    if head and not head.endswith(";base64"):
        return unquote_to_bytes(rest)
    try:
        return base64.b64decode("".join(rest.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem("bad_request", "`image` is not valid base64.") from error
