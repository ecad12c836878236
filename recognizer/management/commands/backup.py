from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.places import Address, is_archive, parse_address
from recognizer.services.backups.retention import Retention, remove_old_backups
from recognizer.services.backups.take import BackupResult, take_backup

LOST_SHOWN = 20
PERIODS = {"daily": "days", "weekly": "weeks", "monthly": "months"}


class Command(BaseCommand):
    help = "Back up all rows and files while the system runs, and verify the backup."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "place",
            metavar="PLACE",
            help="a folder or s3://BUCKET/PREFIX, which keep many backups and store equal files once, or NAME.zip",
        )
        for period in ("daily", "weekly", "monthly"):
            parser.add_argument(
                f"--keep-{period}",
                type=int,
                default=0,
                metavar="N",
                help=f"keep the newest backup of each of the last N {PERIODS[period]} with one; remove others",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        retention = Retention(options["keep_daily"], options["keep_weekly"], options["keep_monthly"])
        if min(retention.daily, retention.weekly, retention.monthly) < 0:
            raise CommandError("The numbers of backups to keep cannot be negative.", returncode=2)
        try:
            place = parse_address(options["place"])
            if retention != Retention() and is_archive(place):
                raise CommandError("A ZIP file keeps one backup. Name a folder or a bucket for several.", returncode=2)
            self.show(take_backup(place, report=self.stderr.write))
        except (BackupError, OSError) as error:
            raise CommandError(f"No backup was taken: {error}") from error
        if retention != Retention():
            self.remove_old(place, retention)

    def show(self, result: BackupResult) -> None:
        manifest = result.manifest
        for name in manifest.lost[:LOST_SHOWN]:
            self.stderr.write(f"no file: {name}")
        if manifest.lost:
            self.stderr.write(
                f"{len(manifest.lost)} files were lost before this backup: rows name them, but they do not exist. "
                "`manage.py reconcile_media` lists them."
            )
        self.stdout.write(
            f"{manifest.name}: {manifest.rows} rows, {manifest.files.lines} files, {result.new_files} of them new "
            f"({result.new_bytes / 1e6:.1f} MB), in {result.seconds:.1f} s"
        )

    def remove_old(self, place: Address, retention: Retention) -> None:
        try:
            for name in remove_old_backups(place, retention):
                self.stdout.write(f"{name}: removed")
        except (BackupError, OSError, EOFError) as error:
            raise CommandError(f"The backup was taken, but older ones were not removed: {error}") from error
