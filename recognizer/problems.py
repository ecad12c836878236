"""What can go wrong for a person, each with one code, one status and one sentence, the same behind every door."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from mlcore.reading.errors import PictureError


@dataclass(frozen=True, slots=True)
class Kind:
    status: int
    title: str


KINDS: dict[str, Kind] = {
    "bad_request": Kind(400, _("The request was not understood.")),
    "missing_file": Kind(400, _("No image was sent.")),
    "empty_file": Kind(400, _("The image is empty.")),
    "invalid": Kind(400, _("Some values are not valid.")),
    "not_authenticated": Kind(401, _("Log in or send a token.")),
    "permission_denied": Kind(403, _("This is not allowed.")),
    "not_found": Kind(404, _("There is nothing here.")),
    "method_not_allowed": Kind(405, _("This method is not allowed here.")),
    "not_acceptable": Kind(406, _("Ask for application/json.")),
    "conflict": Kind(409, _("This cannot be done now.")),
    "model_gone": Kind(410, _("The files of this model no longer exist.")),
    "file_too_large": Kind(413, _("Maximum 20 MB.")),
    "too_many_files": Kind(413, _("Maximum 1,000 files in a batch.")),
    "archive_too_large": Kind(413, _("Maximum 200 MB as a ZIP, 1 GB unpacked.")),
    "too_many_pixels": Kind(413, _("Maximum 24 megapixels (JPEG 50).")),
    "unsupported_format": Kind(415, _("Use PNG, JPEG, WebP, GIF or BMP.")),
    "unsupported_media_type": Kind(415, _("Send multipart/form-data, JSON or an image.")),
    "corrupt_image": Kind(422, _("The image is damaged.")),
    "idempotency_key_in_use": Kind(409, _("The request with this key still runs.")),
    "corrupt_archive": Kind(422, _("The ZIP file is damaged.")),
    "nested_archive": Kind(415, _("An archive within an archive is not opened.")),
    "encrypted_file": Kind(422, _("The file is encrypted.")),
    "reader_failed": Kind(500, _("The reader failed on this picture, three times.")),
    "cancelled": Kind(409, _("It was cancelled before it was read.")),
    "idempotency_key_reused": Kind(422, _("This key was used for another request.")),
    "throttled": Kind(429, _("Too many requests.")),
    "quota_exceeded": Kind(403, _("Your space is used up.")),
    "model_unavailable": Kind(503, _("No model is ready to read.")),
    "storage_full": Kind(507, _("There is no space left to keep the picture.")),
    "internal_error": Kind(500, _("Something went wrong here; it has been noted.")),
}


# What the reader says of a picture beyond its kind's title; it knows no gettext itself.
READERS_WORDS = (_("The file is empty."), _("HEIC is not read: send the photo as JPEG."))


class Problem(Exception):
    """Raised by services, in the language of the request; every door shows `title` or `detail` with `status` and
    `code`."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.status = KINDS[code].status
        self.title = gettext(KINDS[code].title)
        self.detail = detail or self.title
        super().__init__(self.detail)

    def body(self) -> dict[str, Any]:
        """Return the problem details (RFC 9457)."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }

    @classmethod
    def of_picture(cls, error: PictureError) -> "Problem":
        return cls(error.code, gettext(error.detail))
