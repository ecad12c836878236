from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

from recognizer.management.users import find_user
from recognizer.services.space.recount import recount


class Command(BaseCommand):
    help = "Count what accounts store, and correct usages that differ. Remove feature maps of superseded predictions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", metavar="NAME", help="only this account")

    def handle(self, *args: Any, **options: Any) -> None:
        report = recount(owner_id=find_user(options["user"]).pk if options["user"] else None)
        names = dict(User.objects.filter(pk__in=report.corrections).values_list("pk", "username"))
        for pk, (before, after) in sorted(report.corrections.items()):
            self.stdout.write(f"{names.get(pk, pk)}: {before:,} bytes corrected to {after:,}")
        self.stderr.write(
            f"{report.uploads} pictures checked, {report.corrected_uploads} of them corrected; "
            f"{report.removed_maps} feature maps of superseded predictions removed; "
            f"{len(report.corrections)} usages corrected."
        )
