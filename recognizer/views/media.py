"""Pictures, for their owner alone: the only place that hands out a stored file."""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from recognizer import selectors
from recognizer.models import Glyph, Upload
from recognizer.services.reading.pictures import ensure_picture, ensure_thumbnail, input_png

# What came from a person is never run, whatever it turns out to be.
INERT = "default-src 'none'; sandbox"
TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
}
THUMBNAIL_TYPE = "image/jpeg"


@require_safe
def upload_original(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    upload = get_object_or_404(selectors.uploads_for(request.user), pk=pk)
    return serve_original(request, upload)


@require_safe
def upload_picture(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    upload = get_object_or_404(selectors.uploads_for(request.user), pk=pk)
    return serve_file(request, ensure_picture(upload), content_type=picture_type(upload))


@require_safe
def upload_thumbnail(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Of a deleted one too: by it its owner knows what to bring back."""
    upload = get_object_or_404(selectors.kept_uploads_for(request.user).only("thumbnail", "original"), pk=pk)
    return serve_file(request, ensure_thumbnail(upload), content_type=THUMBNAIL_TYPE)


@require_safe
def feature_map(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    drawn = get_object_or_404(selectors.feature_maps_for(request.user).exclude(image=""), pk=pk)
    return serve_file(request, drawn.image, content_type="image/png")


@require_safe
def glyph_input(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The 28×28 that the network saw, as a PNG."""
    return serve_input(request, get_object_or_404(selectors.glyphs_for(request.user).only("input"), pk=pk))


def serve_original(request: HttpRequest, upload: Upload) -> HttpResponseBase:
    """Byte for byte what was sent, so never to be shown: a download under a name of ours."""
    name = f"digitscribe-{upload.pk}.{upload.format.lower()}"
    return serve_file(request, upload.original, content_type=TYPES[upload.format], download_as=name)


def picture_type(upload: Upload) -> str:
    """As mlcore.reading.decode.encode_picture chooses it."""
    return "image/jpeg" if upload.format in ("JPEG", "WEBP") else "image/png"


def serve_input(request: HttpRequest, glyph: Glyph) -> HttpResponseBase:
    def png() -> HttpResponse:
        return HttpResponse(input_png(bytes(glyph.input)), content_type="image/png")

    return immutable(request, str(glyph.pk), png)


def serve_file(
    request: HttpRequest, file: FieldFile, *, content_type: str, download_as: str | None = None
) -> HttpResponseBase:
    def respond() -> HttpResponseBase:
        if settings.MEDIA_ACCEL_PREFIX:
            response: HttpResponseBase = HttpResponse(content_type=content_type)
            response["X-Accel-Redirect"] = f"{settings.MEDIA_ACCEL_PREFIX}{file.name}"
        else:
            try:
                response = FileResponse(file.open("rb"), content_type=content_type)
            except FileNotFoundError as error:
                raise Http404 from error
        if download_as:
            response["Content-Disposition"] = f'attachment; filename="{download_as}"'
        return response

    # A stored file never changes under its name, so its name tells all.
    return immutable(request, file.name or "", respond)


def immutable(request: HttpRequest, name: str, respond: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    etag = f'"{name}"'
    if etag in request.headers.get("If-None-Match", ""):
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        response = respond()
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["Content-Security-Policy"] = INERT
    patch_vary_headers(response, ["Cookie", "Authorization"])
    return response
