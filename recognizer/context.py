"""Context processors: values that every template gets."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

THEMES = ("light", "dark")
THEME_COOKIE = "theme"


def appearance(request: HttpRequest) -> dict[str, Any]:
    """Return the theme from its cookie and whether visitors may sign up."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {"theme": theme if theme in THEMES else "", "signup_open": settings.SIGNUP_OPEN}
