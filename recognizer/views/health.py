"""Health checks for monitoring: whether the process is alive and whether it can read pictures."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from recognizer.problems import Problem
from recognizer.services.registry.model_versions import models
from recognizer.services.space.probe import storage_probe
from recognizer.services.work import broker


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process is alive. It checks nothing else: a restart would not repair another part."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Return 503 if pictures cannot be read or stored. Without Redis only feature maps wait: degraded."""
    parts = {
        "database": _database_answers(),
        "model": _model_is_loaded(),
        "storage": storage_probe.check(),
        "redis": _redis_answers(),
    }
    ready = parts["database"] and parts["model"] and parts["storage"]
    state = "unavailable" if not ready else "ready" if parts["redis"] else "degraded"
    part_states = {name: "ok" if answers else "down" for name, answers in parts.items()}
    return JsonResponse({"status": state, **part_states}, status=200 if ready else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _model_is_loaded() -> bool:
    try:
        models.active_model()
    except (Problem, DatabaseError):
        return False
    return True


def _redis_answers() -> bool:
    try:
        broker.breaker.call(broker.redis_client().ping)
    except broker.BrokerDown:
        return False
    return True
