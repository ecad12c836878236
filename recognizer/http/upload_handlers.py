"""The upload handlers: one limits the size of files while they arrive, and one survives a full temporary folder.

Django's own settings do not limit files.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

from mlcore.reading.files.decode import MAX_BYTES
from recognizer.outages import problem_of_outage
from recognizer.problems import Problem
from recognizer.services.batches.archives import ZIP_MAGIC
from recognizer.services.batches.zip_directory import ZIP_MAX_BYTES

logger = logging.getLogger(__name__)

# The fields that accept a ZIP archive, which has a higher limit than a picture, by the name of their view.
ARCHIVE_FIELDS = {"upload_create": "image", "batch_add": "image", "api:batches": "zip", "api:batch-files": "zip"}


PIECE = 64 * 1024


class LimitUploadHandler(FileUploadHandler):
    """An upload handler that drops all files of a request once one of them exceeds its limit.

    The rest of the body is still read, so that the client receives the response. `check_files` then tells the view why
    there are no files.
    """

    has_oversized_file = False

    def handle_raw_input(self, input_data: Any, *args: Any, **kwargs: Any) -> None:
        self.input_data = input_data

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
            while self.input_data.read(PIECE):  # Django would read the rest line by line, which may take seconds
                pass
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:
        return None

    @property
    def archive_field(self) -> str | None:
        match = self.request and self.request.resolver_match
        return ARCHIVE_FIELDS.get(match.view_name) if match else None


class PassingTemporaryFileUploadHandler(TemporaryFileUploadHandler):
    """A handler for large files that drops them if the temporary folder is full or cannot be used."""

    outage: Problem | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        with self._stopping_at_outage():
            super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        with self._stopping_at_outage():
            super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        with self._stopping_at_outage():
            return super().file_complete(file_size)

    @contextmanager
    def _stopping_at_outage(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # Without any usable temporary folder, `tempfile` reports a missing file.
            self.outage = problem_of_outage(error) or Problem("storage_unavailable")
            logger.error("A file could not be received: %s", error)
            if hasattr(self, "file"):
                with suppress(OSError):  # closing writes what is left in the buffer
                    self.file.close()
            raise StopUpload(connection_reset=False) from error


def check_files(request: HttpRequest, too_large: str = "") -> None:
    """Raise Problem if the files of a request were dropped while they arrived. `too_large` describes the limit."""
    for handler in request.upload_handlers:
        if isinstance(handler, LimitUploadHandler) and handler.has_oversized_file:
            raise Problem("file_too_large", too_large)
        if isinstance(handler, PassingTemporaryFileUploadHandler) and handler.outage:
            raise handler.outage
