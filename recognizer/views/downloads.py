"""Downloads that are written while they are sent, shared by the pages of batches and of the history."""

from collections.abc import Callable, Iterable, Iterator

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from recognizer.bodies.results import ResultRow
from recognizer.services.exports.exports import as_csv, as_json_lines, name_file

ROW_FORMATS: dict[str, tuple[Callable[[Iterable[ResultRow]], Iterator[str]], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "jsonl": (as_json_lines, "application/jsonl"),
}


def download_rows(rows: Iterable[ResultRow], title: str, extension: str) -> StreamingHttpResponse:
    """Return the rows in the format of the extension, as a file that is named after the title."""
    write, content_type = ROW_FORMATS[extension]
    return download(write(rows), name_file(title, extension), content_type)


def download(pieces: Iterator[str] | Iterator[bytes], name: str, content_type: str) -> StreamingHttpResponse:
    """Return the pieces as one file to save under this name."""
    response = StreamingHttpResponse(pieces, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response
