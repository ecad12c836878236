"""Limits for actions that cost a password hash or an e-mail, such as a login, and for the mails to one address.

Attempts are counted per address, and per name and address, so that nobody can lock an account out from elsewhere.
"""

import hashlib
import unicodedata

from django.conf import settings
from django.http import HttpRequest

from recognizer.services import throttles
from recognizer.services.security_log import log_throttle
from recognizer.services.throttles import Rate

WINDOW_SECONDS = 300
MAIL_WINDOW_SECONDS = 3600
MAX_NAME_LENGTH = 254  # of an e-mail address; normalising longer input would cost unbounded time


def count_attempt(request: HttpRequest, action: str, name: str = "") -> float | None:
    """Count one attempt, under a name if there is one. Return the seconds to wait, or None if it is allowed."""
    address = throttles.address_of(request)
    rates = [Rate(f"{action}-address", settings.LOGINS_PER_ADDRESS, address, WINDOW_SECONDS)]
    if name:
        rates.append(Rate(f"{action}-name", settings.LOGINS_PER_NAME, f"{address}:{_hash_name(name)}", WINDOW_SECONDS))
    statuses = throttles.count_request(rates)
    log_throttle(statuses)
    refused = [status.resets_in_seconds for status in statuses if not status.is_allowed]
    return max(refused, default=None)


def is_mail_allowed(kind: str, address: str) -> bool:
    """Count one mail that anybody can cause to an address, and return whether it may be sent.

    It counts per address and kind, whoever asks, so that nobody's mailbox is flooded from many places.
    """
    rate = Rate(f"mail-{kind}", settings.MAILS_PER_ADDRESS, _hash_name(address), MAIL_WINDOW_SECONDS)
    (status,) = throttles.count_request([rate])
    log_throttle([status])
    return status.is_allowed


def _hash_name(name: str) -> str:
    """Return the same key for all spellings that the forms accept for one name."""
    plain = unicodedata.normalize("NFKC", name.strip()[:MAX_NAME_LENGTH]).lower()
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
