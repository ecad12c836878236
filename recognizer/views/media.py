"""Picture addresses of the pages. Every query is limited to the owner's files."""

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from recognizer.http.serving import (
    THUMBNAIL_TYPE,
    picture_type,
    serve_file,
    serve_input,
    serve_original,
    serve_placeholder,
)
from recognizer.queries import selectors
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail


@require_safe
def upload_original(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    upload = get_object_or_404(selectors.uploads_for(request.user), pk=pk)
    return serve_original(request, upload)


@require_safe
def upload_picture(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    upload = get_object_or_404(selectors.uploads_for(request.user), pk=pk)
    if not upload.original:
        return serve_placeholder()
    return serve_file(request, ensure_picture(upload), content_type=picture_type(upload))


@require_safe
def upload_thumbnail(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Serve the thumbnail. Deleted uploads have one too, so that their owner recognises what to restore."""
    upload = get_object_or_404(selectors.stored_uploads_for(request.user).only("thumbnail", "original", "owner"), pk=pk)
    if not upload.original:
        return serve_placeholder()
    return serve_file(request, ensure_thumbnail(upload), content_type=THUMBNAIL_TYPE)


@require_safe
def feature_map(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    drawn = get_object_or_404(selectors.feature_maps_for(request.user).exclude(image=""), pk=pk)
    return serve_file(request, drawn.image, content_type="image/png")


@require_safe
def glyph_input(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Serve the 28×28 network input as a PNG."""
    glyph = get_object_or_404(selectors.glyphs_for(request.user).only("input"), pk=pk)
    return serve_input(request, glyph) if glyph.input else serve_placeholder()
