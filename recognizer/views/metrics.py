"""The metrics of this installation for Prometheus, for those who have the token or an address of the list."""

import secrets
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from recognizer.services.database_metrics import stored_metrics
from recognizer.services.monitoring.exposition import CONTENT_TYPE, Family, write_families
from recognizer.services.monitoring.requests import counted_families
from recognizer.services.throttles import address_of
from recognizer.services.work import broker


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics. For others the page does not exist."""
    if not has_token(request) and not has_address(request):
        raise Http404
    stored: tuple[Family, ...] = ()
    try:
        stored = stored_metrics.get()
        is_up = True
    except DatabaseError:
        is_up = False
    states = (
        ("digitscribe_database_up", "Whether the database answers.", is_up),
        ("digitscribe_breaker_open", "Whether the answering process has stopped to use Redis.", broker.breaker.is_open),
    )
    own = [Family(name, "gauge", text, ((name, float(value)),)) for name, text, value in states]
    response = HttpResponse(write_families([*counted_families(), *own, *stored]), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response


def has_token(request: HttpRequest) -> bool:
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    sent = request.headers.get("Authorization", "").encode()
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(sent, wanted)


def has_address(request: HttpRequest) -> bool:
    """Return whether the request comes from an address of the list. Of IPv6 the first 64 bits are compared."""
    text = address_of(request)
    try:
        address = ip_address(text if "." in text else f"{text}::")
    except ValueError:  # behind a unix socket without a proxy that names the address
        return False
    return any(address in network for network in settings.METRICS_ADDRESSES)
