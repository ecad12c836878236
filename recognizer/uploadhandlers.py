"""Stops reading a file at the limit instead of after it: Django's own settings bound everything but files."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from mlcore.reading.decode import MAX_BYTES


class LimitUploadHandler(FileUploadHandler):
    """The rest of the body is read and thrown away, so that the answer reaches the sender; the view finds
    `request.upload_too_large` set and no file."""

    max_bytes = MAX_BYTES

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > self.max_bytes:
            assert self.request is not None  # noqa: S101  (set by HttpRequest.upload_handlers)
            self.request.upload_too_large = True  # type: ignore[attr-defined]
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:
        return None
