from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from recognizer.management.users import find_user
from recognizer.models import ApiToken
from recognizer.problems import Problem
from recognizer.services.people.tokens import create_token

MAX_DAYS = 36_500  # later dates could overflow the calendar


class Command(BaseCommand):
    help = "Create an API token for a user and print it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="user name")
        parser.add_argument("--name", default="command line", help="what the token is for")
        parser.add_argument("--scope", choices=ApiToken.Scope.values, default=ApiToken.Scope.WRITE)
        parser.add_argument("--days", type=int, help="days until it expires (default: never)")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise CommandError(f"--days must be between 1 and {MAX_DAYS}, not {days}.", returncode=2)
        user = find_user(options["user"])
        if not user.is_active:
            raise CommandError(f"The account {user} is deactivated.", returncode=2)
        expires_at = timezone.now() + timedelta(days=days) if days else None
        try:
            _, secret = create_token(user=user, name=options["name"], scope=options["scope"], expires_at=expires_at)
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        self.stdout.write(secret)
