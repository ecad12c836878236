from typing import TYPE_CHECKING, Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from recognizer.login.fresh_login import is_login_fresh
from recognizer.models import ApiToken
from recognizer.problems import Problem
from recognizer.services.account_state import refuse_deleted_session
from recognizer.services.people.tokens import find_token
from recognizer.services.security_log import Event, log_refusal

if TYPE_CHECKING:
    from rest_framework.views import APIView


class TokenAuthentication(BaseAuthentication):
    """Authentication by the header `Authorization: Bearer dgs_…`; `Token` is accepted in place of `Bearer`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if len(parts) != 2 or parts[0].lower() not in (b"bearer", b"token"):
            return None
        token = find_token(parts[1].decode("ascii", "replace"))
        if not token:
            log_refusal(Event.TOKEN_REFUSED)
            raise AuthenticationFailed("This token is unknown, revoked or expired.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class LoginAuthentication(SessionAuthentication):
    """The session of a logged-in page. If its account is being deleted, it is refused, and the reason says so."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        if not request._request.user.is_authenticated:
            refuse_deleted_session(request._request.session.get(SESSION_KEY))
        return super().authenticate(request)


class TokenHasScope(BasePermission):
    """The permission that refuses read-only tokens for all methods that change something."""

    message = "This token is read-only."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        token: Any = request.auth
        if not isinstance(token, ApiToken):
            return True
        return request.method in SAFE_METHODS or token.scope == ApiToken.Scope.WRITE


def require_fresh_login(request: Request) -> None:
    """Raise Problem if a session has no fresh login. A token is enough by itself."""
    if request.auth is None and not is_login_fresh(request._request):
        raise Problem("stale_login")
