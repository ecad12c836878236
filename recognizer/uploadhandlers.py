"""Stops reading a file at the limit instead of after it: Django's own settings bound everything but files."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from mlcore.reading.decode import MAX_BYTES
from recognizer.services.batches.archives import ZIP_MAGIC
from recognizer.services.batches.zip_directory import ZIP_MAX_BYTES

View = TypeVar("View", bound=Callable[..., Any])


class LimitUploadHandler(FileUploadHandler):
    """The rest of the body is read and thrown away, so that the answer reaches the sender; the view finds
    `request.upload_too_large` set and no file."""

    archive_field = ""

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, *args, **kwargs)
        self.received = 0
        self.limit = MAX_BYTES

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if not self.received and self.field_name == self.archive_field and raw_data.startswith(ZIP_MAGIC):
            self.limit = ZIP_MAX_BYTES
        self.received += len(raw_data)
        if self.received > self.limit:
            assert self.request is not None  # noqa: S101  (set by HttpRequest.upload_handlers)
            self.request.upload_too_large = True  # type: ignore[attr-defined]
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:
        return None


def allow_archive(request: HttpRequest, field: str) -> None:
    """Let one field bring a ZIP file. Call it before anything reads the body."""
    for handler in request.upload_handlers:
        if isinstance(handler, LimitUploadHandler):
            handler.archive_field = field


def takes_archive(field: str) -> Callable[[View], View]:
    """Marks a page's view: the check of its CSRF token reads the body before the view is called."""

    def mark(view: View) -> View:
        view.archive_field = field  # type: ignore[attr-defined]
        return view

    return mark
