"""Problems that users are told about: each has a code, an HTTP status and a text, the same in pages and API."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from mlcore.reading.files.errors import PictureError, PictureErrorCode
from mlcore.reading.files.header import PICTURE_FORMATS, UNSUPPORTED_FORMAT


@dataclass(frozen=True, slots=True)
class Kind:
    status: int
    title: str
    retry_after_seconds: int | None = None  # when it makes sense to send the request again


KINDS: dict[str, Kind] = {
    "bad_request": Kind(400, _("The request could not be understood.")),
    "missing_file": Kind(400, _("No image was sent.")),
    "empty_file": Kind(400, _("The file is empty.")),
    "invalid": Kind(400, _("Some values are not valid.")),
    "not_authenticated": Kind(401, _("Log in, or send an API token.")),
    "permission_denied": Kind(403, _("You are not allowed to do this.")),
    "stale_login": Kind(403, _("You logged in some time ago. Log in again to do this.")),
    "account_deletion": Kind(403, _("This account is being deleted.")),
    "not_found": Kind(404, _("Nothing was found at this address.")),
    "method_not_allowed": Kind(405, _("This method is not allowed at this address.")),
    "not_acceptable": Kind(406, _("The response is only available as application/json.")),
    "conflict": Kind(409, _("This is not possible in the current state.")),
    "gate_not_passed": Kind(409, _("The model was not shown to be no worse than the active one.")),
    "model_gone": Kind(410, _("The files of this model no longer exist.")),
    "body_too_large": Kind(413, _("The body is too large. The maximum is 100 kB.")),
    "file_too_large": Kind(413, _("The file is too large. The maximum is 20 MB.")),
    "too_many_files": Kind(413, _("Too many files. A batch holds at most 10,000.")),
    "too_many_pages": Kind(413, _("The document has too many pages. The maximum is 1,000.")),
    "document_too_complex": Kind(
        413, _("The document needs too much memory or time. Save its pages as pictures, and upload these.")
    ),
    "archive_too_large": Kind(413, _("The ZIP file is too large. The maximum is 200 MB, and 1 GB unpacked.")),
    "too_many_pixels": Kind(413, _("The image has too many pixels. The maximum is 24 megapixels (JPEG: 50).")),
    "unsupported_format": Kind(
        415, _(f"This file format is not supported. Use {PICTURE_FORMATS}; batches also take PDF, TIFF and ZIP.")
    ),
    "unsupported_media_type": Kind(
        415, _("This content type is not supported. Send multipart/form-data, JSON or an image.")
    ),
    "corrupt_image": Kind(422, _("The image is damaged.")),
    "idempotency_key_in_use": Kind(409, _("A request with this Idempotency-Key is still running."), 2),
    "model_refused": Kind(422, _("The file is not a model that this software can use.")),
    "corrupt_document": Kind(422, _("The document is damaged.")),
    "corrupt_archive": Kind(422, _("The ZIP file is damaged.")),
    "nested_archive": Kind(415, _("An archive inside an archive is not opened.")),
    "encrypted_file": Kind(422, _("The file is encrypted and cannot be opened.")),
    "reader_failed": Kind(500, _("The image could not be read in three attempts.")),
    "cancelled": Kind(409, _("The batch was cancelled before this image was read.")),
    "idempotency_key_reused": Kind(422, _("This Idempotency-Key was used for a different request.")),
    "throttled": Kind(429, _("Too many requests. Try again later.")),
    "quota_exceeded": Kind(403, _("Your storage quota is used up.")),
    "model_unavailable": Kind(503, _("No model is available. Try again later."), 10),
    "storage_unavailable": Kind(503, _("The server cannot use its storage at the moment. Try again later."), 30),
    "database_unavailable": Kind(503, _("The server cannot use its database at the moment. Try again later."), 10),
    "storage_full": Kind(507, _("The server has no space left to store the image. Try again later."), 60),
    "internal_error": Kind(500, _("The server could not process the request. The error was logged.")),
}


# Texts of mlcore, which does not use gettext: listed here to be translated.
READER_TEXTS = (_("The file is empty."), _("HEIC files are not supported. Save the photo as JPEG."))


PICTURE_CODES = frozenset(get_args(PictureErrorCode))
PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")  # of names that claim to be a picture


class Problem(Exception):
    """An error with a code, a status and translated texts. Services raise it, and every entry point shows it."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        retry_after_seconds: float | None = None,
        errors: Mapping[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.status = KINDS[code].status
        self.title = gettext(KINDS[code].title)
        self.detail = detail or self.title
        self.errors = errors  # by field, where the values of a request are not valid
        self.retry_after_seconds = retry_after_seconds or KINDS[code].retry_after_seconds
        super().__init__(self.detail)

    @classmethod
    def of_picture(cls, error: PictureError) -> "Problem":
        return cls(error.code, gettext(error.detail))

    def with_file(self, name: str) -> "Problem":
        """Return the problem of a file that a person has chosen, with its name and what is wrong with that file."""
        if self.code not in PICTURE_CODES or not name:
            return self
        detail = self.detail
        if detail == gettext(UNSUPPORTED_FORMAT):
            is_named_picture = name.lower().endswith(PICTURE_ENDINGS)
            detail = gettext("The file is damaged, or it is no picture.") if is_named_picture else self.title
        return Problem(self.code, f"{name}: {detail}")

    @classmethod
    def of_removed_picture(cls) -> "Problem":
        """Return the problem of whoever asks for a picture that was removed because of its age."""
        return cls("not_found", gettext("The picture was removed because of its age. Its reading is kept."))

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of a response that reports this problem."""
        return {"Retry-After": str(math.ceil(self.retry_after_seconds))} if self.retry_after_seconds else {}
