"""Health checks for monitoring: whether the process is alive and whether it can read pictures."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from recognizer.services.monitoring.migrations import migration_check
from recognizer.services.registry.model_versions import models
from recognizer.services.space.probe import storage_probe
from recognizer.services.work import broker

WITHOUT_IT_READY = ("redis",)  # jobs wait in the database


@login_not_required
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive. It checks nothing else: a restart would not repair another part."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Return 503 if pictures cannot be read or stored. Parts that may be missing for a while make it degraded."""
    parts = {
        "database": "ok" if _database_answers() else "down",
        "migrations": migration_check.state(),
        "model": models.state(),
        "storage": "ok" if storage_probe.check() else "down",
        "redis": "ok" if _redis_answers() else "down",
    }
    is_ready = all(state != "down" for name, state in parts.items() if name not in WITHOUT_IT_READY)
    is_whole = all(state == "ok" for state in parts.values())
    status = "unavailable" if not is_ready else "ready" if is_whole else "degraded"
    return JsonResponse({"status": status, **parts}, status=200 if is_ready else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        broker.breaker.call(broker.redis_client().ping)
    except broker.BrokerDown:
        return False
    return True
