"""Attempts at what costs a hash or an e-mail: counted before either is made, per address, and per name and address, so
that nobody can lock a person out from elsewhere."""

import hashlib
import unicodedata

from django.conf import settings
from django.http import HttpRequest

from recognizer.services.limits import throttles
from recognizer.services.limits.throttles import Rate

WINDOW_SECONDS = 300
LONGEST_NAME = 254  # of an e-mail address; normalising more of it would be work without end


def seconds_to_wait(request: HttpRequest, door: str, name: str = "") -> float | None:
    """Count one attempt at a door, under a name if there is one; None lets it through."""
    address = throttles.address_of(request)
    rates = [Rate(f"{door}-address", settings.LOGINS_PER_ADDRESS, address, WINDOW_SECONDS)]
    if name:
        rates.append(Rate(f"{door}-name", settings.LOGINS_PER_NAME, f"{address}:{_key_of(name)}", WINDOW_SECONDS))
    refused = [standing.resets_in_seconds for standing in throttles.count(rates) if not standing.allowed]
    return max(refused, default=None)


def _key_of(name: str) -> str:
    """The same for all spellings that the forms take for one name."""
    plain = unicodedata.normalize("NFKC", name.strip()[:LONGEST_NAME]).lower()
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
