"""The upload handler that limits the size of files while they arrive. Django's own settings do not limit files."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from mlcore.reading.decode import MAX_BYTES
from recognizer.services.batches.archives import ZIP_MAGIC
from recognizer.services.batches.zip_directory import ZIP_MAX_BYTES

# The fields that accept a ZIP archive, which has a higher limit than a picture, by the name of their view.
ARCHIVE_FIELDS = {"upload_create": "image", "api:batches": "zip", "api:batch-files": "zip"}


class LimitUploadHandler(FileUploadHandler):
    """An upload handler that drops all files of a request once one of them exceeds its limit.

    The rest of the body is still read, so that the client receives the response. `has_oversized_file` then tells the
    view why there are no files.
    """

    has_oversized_file = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received_bytes = 0
        self.limit_bytes = MAX_BYTES

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if not self.received_bytes and self.field_name == self.archive_field and raw_data.startswith(ZIP_MAGIC):
            self.limit_bytes = ZIP_MAX_BYTES
        self.received_bytes += len(raw_data)
        if self.received_bytes > self.limit_bytes:
            self.has_oversized_file = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:
        return None

    @property
    def archive_field(self) -> str | None:
        match = self.request and self.request.resolver_match
        return ARCHIVE_FIELDS.get(match.view_name) if match else None


def has_oversized_file(request: HttpRequest) -> bool:
    handlers = request.upload_handlers
    return any(handler.has_oversized_file for handler in handlers if isinstance(handler, LimitUploadHandler))
