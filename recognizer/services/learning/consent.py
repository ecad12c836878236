"""The consents of an account: to trainings with the pictures that it reviewed, and to looks of trainers at them."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db.models import QuerySet

from recognizer.models import TRAINER, Preferences
from recognizer.services.reading.preferences import preferences_of


def has_training_consent(owner_id: int) -> bool:
    """Return whether models may be trained with the account's pictures. They may not unless it said so."""
    return preferences_of(owner_id).training_consent


def choose_training_consent(user: User, *, is_given: bool) -> None:
    """Save the consent. No candidate that is registered after it was withdrawn has learnt from the pictures."""
    Preferences.objects.update_or_create(user=user, defaults={"training_consent": is_given})


def people_with_training_consent() -> QuerySet[User]:
    """Return the accounts that give their consent and are open, in a stable order."""
    chosen = Preferences.objects.filter(training_consent=True).values("user")
    return User.objects.filter(pk__in=chosen, is_active=True).order_by("pk")


def lock_training_consent(people: Collection[int]) -> bool:
    """Return whether all of these accounts, given by their keys, give their consent and are open.

    Whoever withdraws it or closes the account then waits until the transaction ends. On SQLite, which has one writer,
    that holds without locks. Accounts are locked before their preferences, as their deletion does.
    """
    accounts = User.objects.filter(pk__in=people, is_active=True)
    chosen = Preferences.objects.filter(pk__in=people, training_consent=True)
    locked = (rows.select_for_update(no_key=True).order_by("pk") for rows in (accounts, chosen))
    return all(set(rows.values_list("pk", flat=True)) == set(people) for rows in locked)


def choose_looks_of_trainers(user: User, *, is_given: bool) -> None:
    """Save whether trainers may look at the account's pictures. It counts from their next request on."""
    Preferences.objects.update_or_create(user=user, defaults={"trainers_may_look": is_given})


def people_shown_to(viewer: User) -> QuerySet[User]:
    """Return the other open accounts whose pictures the viewer may see: for trainers those that allow it."""
    if not viewer.has_perm(TRAINER):
        return User.objects.none()
    chosen = Preferences.objects.filter(trainers_may_look=True).values("user")
    return User.objects.filter(pk__in=chosen, is_active=True).exclude(pk=viewer.pk)
