"""The picture of a request, however it was sent."""

import base64
import binascii

from rest_framework.request import Request

from recognizer.problems import Problem


def image_of(request: Request) -> tuple[bytes, str]:
    """Bytes and the sender's file name: multipart `image`, or JSON `image` as a data URL or plain base64."""
    if getattr(request, "upload_too_large", False) or getattr(request._request, "upload_too_large", False):
        raise Problem("file_too_large")
    if request.FILES:
        return _from_files(request)
    if request.content_type.startswith("multipart/"):
        raise Problem("missing_file")
    return _from_json(request), ""


def _from_files(request: Request) -> tuple[bytes, str]:
    files = request.FILES.getlist("image")
    if not files:
        raise Problem("missing_file", "Send the image in the field `image`.")
    if len(files) > 1:
        raise Problem("bad_request", "Send one image; several make a batch.")
    return files[0].read(), files[0].name or ""


def _from_json(request: Request) -> bytes:
    value = request.data.get("image") if isinstance(request.data, dict) else None
    if value in (None, ""):
        raise Problem("missing_file", "Send the image as a data URL or base64 in `image`.")
    if not isinstance(value, str):
        raise Problem("bad_request", "`image` must be a string.")
    encoded = value.partition(",")[2] if value.startswith("data:") else value
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem("bad_request", "`image` is not valid base64.") from error
