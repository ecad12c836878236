"""The schema, and two readers for it. Everything comes from this server."""

from functools import cache
from pathlib import Path

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

SCHEMA = Path(__file__).with_name("openapi.json")
# Both readers write style attributes. Only these two pages, which show nobody's data, allow it.
with_inline_styles = csp_update({"style-src": ["'unsafe-inline'"]})


@cache
def schema_text() -> bytes:
    return SCHEMA.read_bytes()


@login_not_required
@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The file as it is in the repository: to generate it anew would cost a second, to whoever asks."""
    return HttpResponse(schema_text(), content_type="application/vnd.oai.openapi+json;version=3.1")


@login_not_required
@require_safe
@with_inline_styles  # type: ignore[untyped-decorator]
def swagger(request: HttpRequest) -> HttpResponse:
    return render(request, "api/swagger.html")


@login_not_required
@require_safe
@with_inline_styles  # type: ignore[untyped-decorator]
def redoc(request: HttpRequest) -> HttpResponse:
    return render(request, "api/redoc.html")
