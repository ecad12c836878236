"""Responses with stored and computed files, shared by pages, API and admin. Callers check who owns a file."""

import io
import re
from collections.abc import Callable, Iterator

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import File
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from recognizer.models import ExportLink, Glyph, ModelVersion, PersonalExport, TableExport, Upload
from recognizer.problems import Problem
from recognizer.services.explaining.explanations import EVIDENCE_DRAWN, ExplainedGlyph
from recognizer.services.exports.exports import name_file, title_of
from recognizer.services.exports.personal_file import ExportFile
from recognizer.services.limits.download_slots import download_slots
from recognizer.services.reading.images import encode_input
from recognizer.services.registry.model_files import unavailable_if_damaged
from recognizer.services.registry.model_transfer import pack_model
from recognizer.services.security_log import Event, log_event
from recognizer.storage.disk import AtomicFileSystemStorage

# Uploaded files are untrusted: the browser must not run scripts that are hidden in them.
SANDBOX_POLICY = "default-src 'none'; sandbox"
CONTENT_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
}
THUMBNAIL_TYPE = "image/jpeg"
EXPORT_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "zip": "application/zip"}
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A grey field with a line across it, which is recognised in any size and in both themes.
PLACEHOLDER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120" preserveAspectRatio="none">'
    '<rect width="160" height="120" fill="#8883"/><path d="M0 120 160 0" stroke="#888" stroke-width="2"/></svg>'
)
RESUMED = re.compile(r"bytes=(\d{1,18})-")  # the Range of a download that goes on


def serve_file(
    request: HttpRequest, file: File, *, content_type: str, download_as: str | None = None
) -> HttpResponseBase:
    """Return a file, sent by nginx if it is stored on the disk and nginx is configured to send it."""

    def respond() -> HttpResponseBase:
        if settings.MEDIA_ACCEL_PREFIX and isinstance(file, FieldFile) and is_on_disk(file):
            response: HttpResponseBase = HttpResponse(content_type=content_type)
            response["X-Accel-Redirect"] = f"{settings.MEDIA_ACCEL_PREFIX}{file.name}"
        else:
            try:
                response = FileResponse(file.open("rb"), content_type=content_type)
            except FileNotFoundError as error:
                raise Http404 from error
        if download_as:
            response["Content-Disposition"] = content_disposition_header(True, download_as) or "attachment"
        return response

    # A stored file never changes under its name, so the name can be its ETag.
    return serve_immutable(request, file.name or "", respond)


def is_on_disk(file: FieldFile) -> bool:
    """Return whether nginx can read the file: not from an object store, from which this process passes files on."""
    return isinstance(file.storage, AtomicFileSystemStorage)


def serve_original(request: HttpRequest, upload: Upload) -> HttpResponseBase:
    """Return the bytes that were uploaded, always as a download: the browser must not display them."""
    if not upload.original:
        raise Problem.of_removed_picture()
    name = name_file(title_of(upload) or f"digitscribe-{upload.pk}", upload.format.lower())
    return serve_file(request, upload.original, content_type=CONTENT_TYPES[upload.format], download_as=name)


def serve_placeholder() -> HttpResponseBase:
    """Return what pages show in place of a picture that was removed because of its age."""
    response = HttpResponse(PLACEHOLDER, content_type="image/svg+xml")
    response["Cache-Control"] = "private, no-cache"
    response["Content-Security-Policy"] = SANDBOX_POLICY
    return response


def serve_export(request: HttpRequest, export: PersonalExport, *, with_tokens: bool) -> HttpResponseBase:
    """Return the ZIP file of a personal export. A download that broke off may continue where it ended."""
    if export.state != PersonalExport.State.READY:
        raise Problem("conflict", _("The export is not ready."))
    file = ExportFile(export, with_tokens=with_tokens)
    etag = f'"{file.etag}"'
    asked = RESUMED.fullmatch(request.headers.get("Range", ""))
    is_same = request.headers.get("If-Range", etag) == etag
    start = int(asked[1]) if asked and is_same and int(asked[1]) < file.size else 0
    response = StreamingHttpResponse(status=206 if start else 200, content_type=EXPORT_TYPES["zip"])
    if request.method != "HEAD":
        response.streaming_content = download_slots.hold(export.owner_id, file.read(start))
        log_event(Event.EXPORT_FETCHED, account=export.owner_id, start=start)
    if start:
        response["Content-Range"] = f"bytes {start}-{file.size - 1}/{file.size}"
    response["Content-Length"] = str(file.size - start)
    response["Content-Disposition"] = 'attachment; filename="digitscribe-account.zip"'
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-store"
    return response


def serve_pieces(
    request: HttpRequest,
    pieces: Iterator[str] | Iterator[bytes],
    extension: str,
    *,
    owner_id: int,
    link: ExportLink | None = None,
) -> StreamingHttpResponse:
    """Return results of an account in a response that is written while it is sent, and log the export.

    A HEAD request gets the headers alone.
    """
    response = StreamingHttpResponse(content_type=EXPORT_TYPES[extension])
    if request.method != "HEAD":
        response.streaming_content = download_slots.hold(owner_id, pieces, is_by_link=link is not None)
        details = {"link": link.pk} if link else {}
        log_event(Event.HISTORY_EXPORTED, account=owner_id, format=extension, **details)
    return response


def serve_model(request: HttpRequest, version: ModelVersion, *, by: User) -> FileResponse:
    """Return the files of a model as a ZIP file, and record the download. A HEAD request gets the headers alone."""
    file = io.BytesIO()
    if request.method != "HEAD":
        with unavailable_if_damaged(version):
            pack_model(version, file, by=by)
        file.seek(0)
    name = f"{version.version}.zip"
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    if request.method == "HEAD":
        del response["Content-Length"]  # the file is not packed, so its size is not known
    return response


def serve_table(request: HttpRequest, export: TableExport) -> HttpResponseBase:
    """Return the XLSX file of a table export, named after what it holds."""
    if export.state != TableExport.State.READY:
        raise Problem("conflict", _("The export is not ready."))
    return serve_file(request, export.file, content_type=XLSX_TYPE, download_as=name_file(export.title, "xlsx"))


def picture_type(upload: Upload) -> str:
    """Return the content type that mlcore.reading.files.decode.encode_picture chooses for the picture."""
    return "image/jpeg" if upload.format in ("JPEG", "WEBP") else "image/png"


def serve_input(request: HttpRequest, glyph: Glyph) -> HttpResponseBase:
    """Return the glyph's 28×28 network input as a PNG."""
    if not glyph.input:
        raise Problem.of_removed_picture()
    return serve_png(request, str(glyph.pk), lambda: encode_input(bytes(glyph.input)))


def serve_overlay(request: HttpRequest, explained: ExplainedGlyph, kind: str, digit: int) -> HttpResponseBase:
    """Return one map of the explanation as a PNG; 404 for a kind or a digit that the explanation does not have."""
    etag = f"{explained.etag}-{kind}-{digit}-{EVIDENCE_DRAWN}"
    return serve_png(request, etag, lambda: explained.draw_overlay(kind, digit))


def serve_png(request: HttpRequest, name: str, png: Callable[[], bytes]) -> HttpResponseBase:
    """Return a computed PNG; `png` is called only if the client does not have it yet."""
    return serve_immutable(request, name, lambda: HttpResponse(png(), content_type="image/png"))


def serve_immutable(request: HttpRequest, name: str, respond: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Return a private response that clients may cache for a year; `name` is its ETag."""
    etag = f'"{name}"'
    if etag in request.headers.get("If-None-Match", ""):
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        response = respond()
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["Content-Security-Policy"] = SANDBOX_POLICY
    patch_vary_headers(response, ["Cookie", "Authorization"])
    return response
