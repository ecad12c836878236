import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from recognizer.services.space.reconcile import GRACE, reconcile


class Command(BaseCommand):
    help = "Compare stored files with database rows. Removes nothing unless told to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--remove", action="store_true", help="remove files that no database row refers to")
        parser.add_argument(
            "--force", action="store_true", help="remove them even if they are more than a quarter of all files"
        )
        hours = int(GRACE.total_seconds() // 3600)
        parser.add_argument(
            "--grace-hours", type=float, default=hours, help=f"ignore files younger than this (default {hours})"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        grace = timedelta(hours=options["grace_hours"])
        report = reconcile(remove=options["remove"], grace=grace, force=options["force"])
        for name in report.without_row:
            self.stdout.write(f"no row: {name}")
        for name in report.without_file:
            self.stdout.write(f"no file: {name}")
        self.stderr.write(
            f"{report.files} files, {len(report.without_row)} without a row, {report.removed} of them removed; "
            f"{len(report.without_file)} rows without their file."
        )
        if options["remove"] and report.removed < len(report.without_row):
            self.stderr.write(
                "Nothing was removed: so many files without a row suggest the wrong database. --force removes them."
            )
            sys.exit(3)
        if report.without_file:
            sys.exit(1)
