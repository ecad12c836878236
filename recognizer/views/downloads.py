"""Downloads that are written while they are sent, shared by the pages of batches and of the history."""

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from recognizer.bodies.results import ResultRow
from recognizer.http.serving import serve_pieces
from recognizer.models import ExportLink
from recognizer.services.exports.exports import as_csv, as_json_lines, name_file

ROW_FORMATS: dict[str, Callable[[Iterable[ResultRow]], Iterator[str]]] = {"csv": as_csv, "jsonl": as_json_lines}


def download_rows(
    request: HttpRequest,
    rows: Iterable[ResultRow],
    title: str,
    extension: str,
    *,
    owner_id: int,
    link: ExportLink | None = None,
) -> StreamingHttpResponse:
    """Return the rows in the format of the extension, as a file that is named after the title."""
    return download(request, ROW_FORMATS[extension](rows), title, extension, owner_id=owner_id, link=link)


def download(
    request: HttpRequest,
    pieces: Iterator[str] | Iterator[bytes],
    title: str,
    extension: str,
    *,
    owner_id: int,
    link: ExportLink | None = None,
) -> StreamingHttpResponse:
    """Return the pieces as one file to save, named after the title."""
    response = serve_pieces(request, pieces, extension, owner_id=owner_id, link=link)
    name = name_file(title, extension)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response
