"""Fresh logins. What endangers an account asks for the password unless it was given a short time ago."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.contrib.auth.models import User
from django.http import HttpRequest

View = TypeVar("View", bound=Callable[..., Any])


def record_login(request: HttpRequest, user: User) -> None:
    """Note in the session that the password was given now."""
    record_authentication(request, user, method="password", reauthenticated=True)


def is_login_fresh(request: HttpRequest) -> bool:
    """Return whether the password was given within ACCOUNT_REAUTHENTICATION_TIMEOUT seconds."""
    return bool(did_recently_reauthenticate(request))


def fresh_login_required(view: View) -> View:
    """Lead to the page that asks for the password if the login is not fresh. A sent form is kept and sent again."""
    return cast(View, reauthentication_required(view))
