"""The OpenAPI schema and two pages that show it. All their files come from this server."""

from functools import cache
from pathlib import Path

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

SCHEMA = Path(__file__).with_name("openapi.json")
# Both pages write style attributes. No other page allows that, and these two show no user's data.
with_inline_styles = csp_update({"style-src": ["'unsafe-inline'"]})


@cache
def schema_text() -> bytes:
    return SCHEMA.read_bytes()


@login_not_required
@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """Send whoever opens the API's own address to the page that shows its operations."""
    return redirect("api:docs")


@login_not_required
@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """Return the schema file of the repository: generating it for each request would take a second."""
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
