"""Sessions of the browser: those that have expired are removed."""

import time

from django.contrib.sessions.models import Session
from django.utils import timezone

CHUNK_SIZE = 1000


def remove_expired_sessions(seconds: float = float("inf")) -> int:
    """Remove expired sessions in parts until the time is over, and return how many were removed.

    Django's command `clearsessions` removes all at once, which takes longer than a job may after years without it.
    """
    ends_at, removed = time.monotonic() + seconds, 0
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    while keys := list(expired.values_list("pk", flat=True)[:CHUNK_SIZE]):
        removed += expired.filter(pk__in=keys).delete()[0]
        if time.monotonic() > ends_at:
            break
    return removed
