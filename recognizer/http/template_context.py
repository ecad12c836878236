"""Context processors: values that every template gets."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from recognizer.services.people.notices import COUNTED, unread_count

THEMES = ("light", "dark")
THEME_COOKIE = "theme"


def appearance(request: HttpRequest) -> dict[str, Any]:
    """Return the theme from its cookie and whether visitors may sign up."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {"theme": theme if theme in THEMES else "", "signup_open": settings.SIGNUP_OPEN}


def notices(request: HttpRequest) -> dict[str, Any]:
    """Return the number of unread notices in words, empty if there is none. It is only counted where it is shown."""
    return {"unread_notices": SimpleLazyObject(lambda: unread_label(request))}


def unread_label(request: HttpRequest) -> str:
    count = unread_count(request.user) if request.user.is_authenticated else 0
    return f"{COUNTED}+" if count > COUNTED else str(count or "")
