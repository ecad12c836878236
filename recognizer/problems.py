"""What can go wrong for a person, each with one code, one status and one sentence, the same behind every door."""

from dataclasses import dataclass

from mlcore.reading.errors import PictureError


@dataclass(frozen=True, slots=True)
class Kind:
    status: int
    title: str


KINDS: dict[str, Kind] = {
    "bad_request": Kind(400, "The request was not understood."),
    "missing_file": Kind(400, "No image was sent."),
    "empty_file": Kind(400, "The image is empty."),
    "invalid": Kind(400, "Some values are not valid."),
    "not_authenticated": Kind(401, "Log in or send a token."),
    "permission_denied": Kind(403, "This is not allowed."),
    "not_found": Kind(404, "There is nothing here."),
    "method_not_allowed": Kind(405, "This method is not allowed here."),
    "not_acceptable": Kind(406, "Ask for application/json."),
    "conflict": Kind(409, "This cannot be done now."),
    "file_too_large": Kind(413, "Maximum 20 MB."),
    "too_many_files": Kind(413, "Maximum 1,000 files in a batch."),
    "archive_too_large": Kind(413, "Maximum 200 MB as a ZIP, 1 GB unpacked."),
    "too_many_pixels": Kind(413, "Maximum 24 megapixels (JPEG 50)."),
    "unsupported_format": Kind(415, "Use PNG, JPEG, WebP, GIF or BMP."),
    "unsupported_media_type": Kind(415, "Send multipart/form-data, JSON or an image."),
    "corrupt_image": Kind(422, "The image is damaged."),
    "idempotency_key_in_use": Kind(409, "The request with this key still runs."),
    "corrupt_archive": Kind(422, "The ZIP file is damaged."),
    "nested_archive": Kind(415, "An archive within an archive is not opened."),
    "encrypted_file": Kind(422, "The file is encrypted."),
    "reader_failed": Kind(500, "The reader failed on this picture, three times."),
    "cancelled": Kind(409, "It was cancelled before it was read."),
    "idempotency_key_reused": Kind(422, "This key was used for another request."),
    "throttled": Kind(429, "Too many requests."),
    "quota_exceeded": Kind(403, "Your space is used up."),
    "model_unavailable": Kind(503, "No model is ready to read."),
    "storage_full": Kind(507, "There is no space left to keep the picture."),
    "internal_error": Kind(500, "Something went wrong here; it has been noted."),
}


class Problem(Exception):
    """Raised by services; every door shows `title` or `detail` with `status` and `code`."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.status = KINDS[code].status
        self.title = KINDS[code].title
        self.detail = detail or self.title
        super().__init__(self.detail)

    @classmethod
    def of_picture(cls, error: PictureError) -> "Problem":
        return cls(error.code, error.detail)
