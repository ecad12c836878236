"""API tokens. The secret is shown once; only its digest is stored."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from recognizer.models import ApiToken
from recognizer.problems import Problem
from recognizer.services.account_state import is_being_deleted, require_open_account
from recognizer.services.rows import find_row_with
from recognizer.services.security_log import Event, log_event

PREFIX = "dgs_"
MAX_TOKENS = 100  # of one account, without those that were revoked
LAST_USE_PRECISION = timedelta(minutes=1)


def create_token(
    *,
    user: User,
    name: str,
    scope: str = ApiToken.Scope.WRITE,
    expires_at: datetime | None = None,
    id: UUID | None = None,
) -> tuple[ApiToken, str]:
    """Return the new token and its secret, which cannot be shown again. Raise IntegrityError if the `id` exists."""
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        require_open_account(user.pk)
        if ApiToken.objects.filter(user=user, revoked_at=None).count() >= MAX_TOKENS:
            raise Problem("conflict", _("You have %(count)d tokens. Revoke one first.") % {"count": MAX_TOKENS})
        token = ApiToken.objects.create(
            id=id or uuid4(), user=user, name=name, scope=scope, expires_at=expires_at, digest=digest_of(secret)
        )
        log_event(Event.TOKEN_CREATED, account=user.pk, token=token.pk, scope=token.scope)
    return token, secret


def find_token(secret: str) -> ApiToken | None:
    """Return the token with its user, or None if it is unknown, expired or revoked, or its user is inactive.

    Raise Problem if the account of a valid token is being deleted.
    """
    token = find_row_with(ApiToken, "user", digest=digest_of(secret))
    if not token:
        return None
    user = token.user
    now = timezone.now()
    is_expired = token.expires_at is not None and token.expires_at <= now
    if is_expired or token.revoked_at is not None:
        return None
    if not user.is_active:
        if is_being_deleted(user.pk):
            raise Problem("account_deletion")
        return None
    if token.last_used_at is None or now - token.last_used_at > LAST_USE_PRECISION:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def revoke_token(token: ApiToken) -> None:
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            log_event(Event.TOKEN_REVOKED, account=token.user_id, token=token.pk)


def revoke_tokens(user: User) -> None:
    """Revoke all tokens of an account, with one line in the security log."""
    with transaction.atomic():
        tokens = ApiToken.objects.filter(user=user, revoked_at=None)
        keys = [*tokens.select_for_update().values_list("pk", flat=True)]
        if keys:
            ApiToken.objects.filter(pk__in=keys).update(revoked_at=timezone.now())
            log_event(Event.TOKEN_REVOKED, account=user.pk, tokens=[str(key) for key in keys])


def digest_of(secret: str) -> str:
    """Return what is stored of a secret, which is random and so needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
