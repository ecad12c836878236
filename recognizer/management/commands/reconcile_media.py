import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from recognizer.services.space.reconcile import GRACE, reconcile


class Command(BaseCommand):
    help = "Hold files and rows against each other. It only looks, unless told to remove."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--remove", action="store_true", help="remove the files that no row records")
        parser.add_argument("--force", action="store_true", help="even if more than a quarter of all files would go")
        hours = int(GRACE.total_seconds() // 3600)
        parser.add_argument("--grace-hours", type=float, default=hours, help=f"spare younger files (default {hours})")

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
            self.stderr.write("Nothing was removed: so many lost files mean another database. --force insists.")
            sys.exit(3)
        if report.without_file:
            sys.exit(1)
