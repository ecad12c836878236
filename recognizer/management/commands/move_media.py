import sys
import time
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError

from recognizer.services.space.move import MoveReport, move_media

REPORT_EVERY_SECONDS = 10.0


class Command(BaseCommand):
    help = "Move all media files to MEDIA_STORAGE from MEDIA_MOVED_FROM, while the system runs. May be repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MEDIA_MOVED_FROM:
            raise CommandError(
                "Set MEDIA_STORAGE to where the files shall be (disk or s3) and MEDIA_MOVED_FROM to where they are, "
                "restart all processes, and run this again."
            )
        self.reported_at = time.monotonic()
        old, new = storages[settings.MEDIA_MOVED_FROM], storages[settings.MEDIA_STORAGE]
        try:
            report = move_media(old, new, self.show_progress)
        except OSError as error:
            raise CommandError(f"{error}\nNothing is lost. Run the command again to go on.") from error
        self.stdout.write(
            f"{report.moved} files moved ({report.bytes / 1e6:.1f} MB), {report.already_there} were already there, "
            f"{report.deleted_meanwhile} were deleted meanwhile."
        )
        for name in report.differing:
            self.stderr.write(f"not moved, since another file of this name is in the new storage: {name}")
        for name, reason in report.failed.items():
            self.stderr.write(f"not moved: {name}: {reason}")
        if report.differing or report.failed:
            sys.exit(1)
        if report.moved or report.already_there or report.deleted_meanwhile:
            self.stdout.write("Run the command again, until nothing is left to move.")
        else:
            self.stdout.write("Nothing is left to move. Remove MEDIA_MOVED_FROM now, and restart all processes.")

    def show_progress(self, report: MoveReport) -> None:
        if time.monotonic() - self.reported_at >= REPORT_EVERY_SECONDS:
            self.reported_at = time.monotonic()
            self.stderr.write(f"{report.moved} files moved …")
