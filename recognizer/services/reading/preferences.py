"""Preferences of an account: the decimal mark that its readings follow, and how long its pictures are kept."""

from django.contrib.auth.models import User

from mlcore.reading.written import DecimalMark
from recognizer.models import Preferences
from recognizer.services.rows import find_row


def preferences_of(owner_id: int) -> Preferences:
    """Return the choices of the account, a row that is not saved if it has made none."""
    return find_row(Preferences, user=owner_id) or Preferences(user_id=owner_id)


def decimal_mark_of(owner_id: int) -> DecimalMark | None:
    """Return the decimal mark that the account has chosen, or None."""
    return preferences_of(owner_id).decimal_mark


def choose_decimal_mark(user: User, decimal: DecimalMark | None) -> None:
    """Save the decimal mark for later readings. Stored predictions keep theirs."""
    Preferences.objects.update_or_create(user=user, defaults={"decimal": decimal or ""})


def choose_pictures_kept_days(user: User, days: int | None) -> None:
    """Save after how many days pictures are removed; None for never. A task removes the older ones within the hour."""
    Preferences.objects.update_or_create(user=user, defaults={"pictures_kept_days": days})
