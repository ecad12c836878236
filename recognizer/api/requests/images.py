"""The picture of a request, in each of the forms in which it can be sent."""

from typing import Any

from rest_framework.request import Request

from recognizer.api.requests.picture_json import decode_picture
from recognizer.http.upload_handlers import check_files
from recognizer.problems import Problem


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
    if isinstance(value, bytes):  # long ones are decoded while they arrive
        return value
    if not isinstance(value, str):
        raise Problem("bad_request", "`image` must be a string.")
    return decode_picture(value)
