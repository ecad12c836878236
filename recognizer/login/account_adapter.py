"""The adapter of django-allauth to this product."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.models import User
from django.http import HttpRequest

from recognizer.login.fresh_login import record_login


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Adapter under which every login is a fresh one, and pages say by themselves what happened."""

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        record_login(request, user)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Add none of django-allauth's messages to a page."""
