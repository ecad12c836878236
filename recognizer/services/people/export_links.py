"""Export links: addresses of the table of one batch, for spreadsheets that refresh. The secret is shown once."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from recognizer.models import Batch, ExportLink
from recognizer.problems import Problem
from recognizer.services.account_state import require_open_account
from recognizer.services.people.tokens import digest_of
from recognizer.services.security_log import Event, log_event

PREFIX = "dgl_"
MAX_LINKS = 100  # of one account
LAST_USE_PRECISION = timedelta(minutes=1)


def create_link(batch: Batch, *, id: UUID | None = None, expires_at: datetime | None = None) -> tuple[ExportLink, str]:
    """Return the new link and its secret, which cannot be shown again. Raise IntegrityError if the `id` exists."""
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        require_open_account(batch.owner_id)
        if ExportLink.objects.filter(owner=batch.owner_id).count() >= MAX_LINKS:
            raise Problem("conflict", _("You have %(count)d links. Revoke one first.") % {"count": MAX_LINKS})
        link = ExportLink.objects.create(
            id=id or uuid4(), owner_id=batch.owner_id, batch=batch, digest=digest_of(secret), expires_at=expires_at
        )
        log_event(Event.LINK_CREATED, account=batch.owner_id, link=link.pk)
    return link, secret


def find_link(secret: str) -> ExportLink:
    """Return the link with its owner and its batch. Raise Problem if it is unknown, revoked or expired."""
    now = timezone.now()
    is_valid = Q(expires_at=None) | Q(expires_at__gt=now)
    links = ExportLink.objects.filter(is_valid, digest=digest_of(secret), owner__is_active=True)
    link = links.select_related("owner", "batch").first()
    if link is None:
        raise Problem("not_found")
    if link.last_used_at is None or now - link.last_used_at > LAST_USE_PRECISION:
        ExportLink.objects.filter(pk=link.pk).update(last_used_at=now)
    return link


def revoke_link(link: ExportLink) -> None:
    with transaction.atomic():
        deleted, _by_model = ExportLink.objects.filter(pk=link.pk).delete()
        if deleted:
            log_event(Event.LINK_REVOKED, account=link.owner_id, link=link.pk)


def revoke_links(owner_id: int) -> None:
    """Revoke all links of an account."""
    for link in ExportLink.objects.filter(owner=owner_id):
        revoke_link(link)
