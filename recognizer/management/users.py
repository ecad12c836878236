"""The user whom a command's option names."""

from django.contrib.auth.models import User
from django.core.management.base import CommandError


def find_user(name: str) -> User:
    """Return the user of this name; raise a CommandError, with the exit code of wrong usage, if there is none."""
    user = User.objects.filter(username=name).first()
    if not user:
        raise CommandError(f"There is no user {name}.", returncode=2)
    return user
