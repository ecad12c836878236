from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.places import parse_address
from recognizer.services.backups.restore import restore_backup


class Command(BaseCommand):
    help = "Restore a backup into an empty installation. Run `manage.py prepare` afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("place", metavar="PLACE", help="a folder, s3://BUCKET/PREFIX, or a file called NAME.zip")
        parser.add_argument("--snapshot", metavar="NAME", help="one of the backups there; the newest by default")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            place = parse_address(options["place"])
            manifest = restore_backup(place, name=options["snapshot"], report=self.stderr.write)
        except (BackupError, OSError) as error:
            raise CommandError(f"Nothing was restored: {error}") from error
        self.stdout.write(f"{manifest.name}: {manifest.rows} rows and {manifest.files.lines} files were restored.")
        self.stdout.write("Run `manage.py prepare` now.")
