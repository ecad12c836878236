"""The upload handler that limits the size of files while they arrive. Django's own settings do not limit files."""

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
    """An upload handler that drops all files of a request once one of them exceeds its limit.

    The rest of the body is still read, so that the client receives the response. `has_oversized_file` then tells the
    view why there are no files.
    """

    archive_field = ""
    has_oversized_file = False

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, *args, **kwargs)
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


def has_oversized_file(request: HttpRequest) -> bool:
    return any(handler.has_oversized_file for handler in _limit_handlers(request))


def allow_archive(request: HttpRequest, field: str) -> None:
    """Allow the size of a ZIP archive in one field. Call it before anything reads the body."""
    for handler in _limit_handlers(request):
        handler.archive_field = field


def _limit_handlers(request: HttpRequest) -> list[LimitUploadHandler]:
    return [handler for handler in request.upload_handlers if isinstance(handler, LimitUploadHandler)]


def accepts_archive(field: str) -> Callable[[View], View]:
    """Mark a view that accepts a ZIP archive in one field.

    The middleware has to know the field, because the check of the CSRF token reads the body before the view runs.
    """

    def mark(view: View) -> View:
        view.archive_field = field  # type: ignore[attr-defined]
        return view

    return mark
