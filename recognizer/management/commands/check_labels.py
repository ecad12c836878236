from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recognizer.management.users import find_user
from recognizer.problems import Problem
from recognizer.services.learning.label_doctor import check_labels


class Command(BaseCommand):
    help = "List reviewed digits whose label is unlikely, for a second look before a training."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME", help="the person who reviewed them")

    def handle(self, *args: Any, **options: Any) -> None:
        person = find_user(options["user"])
        try:
            check = check_labels(person)
        except Problem as problem:
            raise CommandError(problem.detail, returncode=1) from problem
        for each in check.doubtful:
            self.stdout.write(
                f"{each.upload_id} digit {each.number}: labelled {each.label or 'none'}, "
                f"read as {each.said or 'none'}, doubt {each.doubt:.3f}"
            )
        self.stderr.write(f"{len(check.doubtful)} of {check.checked} labels are doubtful.")
