from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recognizer.services.backups.errors import BackupError
from recognizer.services.backups.manifest import Snapshot
from recognizer.services.backups.places import open_place, parse_address
from recognizer.services.backups.verify import find_faults


class Command(BaseCommand):
    help = "Read backups completely, and say what is missing or has changed. Needs no database."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("place", metavar="PLACE", help="a folder, s3://BUCKET/PREFIX, or a file called NAME.zip")

    def handle(self, *args: Any, **options: Any) -> None:
        faulty = 0
        try:
            with open_place(parse_address(options["place"])) as place:
                names = place.list_snapshots()
                for name in names:
                    snapshot = Snapshot(place, f"snapshots/{name}")
                    faults = list(find_faults(snapshot, reads_objects=True))
                    faulty += bool(faults)
                    for fault in faults:
                        self.stderr.write(f"{name}: {fault}")
                    if not faults:
                        manifest = snapshot.read_manifest()
                        self.stdout.write(f"{name}: {manifest.rows} rows, {manifest.files.lines} files, complete")
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        if not names:
            raise CommandError("There is no complete backup.")
        if faulty:
            raise CommandError(f"{faulty} of {len(names)} backups cannot be restored.")
