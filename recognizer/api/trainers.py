"""Checks of the permission `trainer`, for the endpoints of trainings and models."""

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from recognizer.api.authentication import require_fresh_login
from recognizer.api.endpoint import person
from recognizer.models import TRAINER


def is_trainer(request: Request) -> bool:
    return person(request).has_perm(TRAINER)


def require_trainer(request: Request) -> None:
    if not is_trainer(request):
        raise PermissionDenied


def require_fresh_trainer(request: Request) -> None:
    """Raise an error for everybody but trainers, and for a session without a fresh login, as the pages do."""
    require_trainer(request)
    require_fresh_login(request)
