"""Preferences of an account that its readings follow: the decimal mark."""

from django.contrib.auth.models import User

from mlcore.reading.written import DecimalMark
from recognizer.models import Preferences
from recognizer.services.rows import find_row


def decimal_mark_of(owner_id: int) -> DecimalMark | None:
    """Return the decimal mark that the account has chosen, or None."""
    chosen = find_row(Preferences, user=owner_id)
    return chosen.decimal_mark if chosen else None


def choose_decimal_mark(user: User, decimal: DecimalMark | None) -> None:
    """Save the decimal mark for later readings. Stored predictions keep theirs."""
    Preferences.objects.update_or_create(user=user, defaults={"decimal": decimal or ""})
