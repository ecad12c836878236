"""Creation of accounts by the people themselves."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from recognizer.services.people.addresses import set_address
from recognizer.services.people.usernames import lock_username, normalise, same_names


class UsernameTaken(Exception):
    """Error raised when another sign-up has just taken the name."""


def create_account(*, username: str, password: str, address: str = "") -> User:
    """Return the new account. Its address gets the link that verifies it."""
    user = User(username=normalise(username))
    user.set_password(password)  # takes 20 ms, in which no other transaction has to wait
    try:
        with transaction.atomic():
            lock_username(user.username)
            if same_names(User.objects.all(), user.username).exists():
                raise UsernameTaken
            user.save(force_insert=True)
    except IntegrityError:
        raise UsernameTaken from None
    if address:
        set_address(user, address)
    return user
