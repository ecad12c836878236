"""Sessions of the browser: those that have expired are removed."""

import time

from django.contrib.sessions.models import Session
from django.utils import timezone

from recognizer.services.space.purge import delete_in_parts


def remove_expired_sessions(seconds: float = float("inf")) -> int:
    """Remove expired sessions in parts until the time is over, and return how many were removed.

    Django's command `clearsessions` removes all at once, which takes longer than a job may after years without it.
    """
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    return delete_in_parts(expired, time.monotonic() + seconds)
