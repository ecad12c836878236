"""Preferences of an account: the decimal mark that its readings follow, and how long its pictures are kept."""

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


def pictures_kept_days_of(owner_id: int) -> int | None:
    """Return after how many days the account wants its pictures to be removed, or None."""
    chosen = find_row(Preferences, user=owner_id)
    return chosen.pictures_kept_days if chosen else None


def choose_pictures_kept_days(user: User, days: int | None) -> None:
    """Save after how many days pictures are removed; None for never. A task removes the older ones within the hour."""
    Preferences.objects.update_or_create(user=user, defaults={"pictures_kept_days": days})
