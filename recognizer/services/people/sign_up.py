"""Creation of accounts by the people themselves."""

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from recognizer.services.people.addresses import set_address
from recognizer.services.people.usernames import lock_username, same_names


class UsernameTaken(Exception):
    """Error raised when another sign-up has just taken the name."""


def create_account(*, username: str, password: str, address: str = "") -> User:
    """Return the new account. Its address gets the link that verifies it."""
    try:
        with transaction.atomic():
            lock_username(username)
            if same_names(User.objects.all(), username).exists():
                raise UsernameTaken
            user = User.objects.create_user(username, password=password)
            if address:
                set_address(user, address)
    except IntegrityError:
        raise UsernameTaken from None
    return user
