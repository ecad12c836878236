import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError

from mlcore.reading.result import MODES
from mlcore.reading.written import DECIMAL_MARKS
from recognizer.models import Batch
from recognizer.problems import Problem
from recognizer.services.batches import intake
from recognizer.services.batches.progress import Progress, progress_of
from recognizer.services.reading.expected import expect_in_mode

FILES_PER_TRANSACTION = 100


class Command(BaseCommand):
    help = "Read every image in a folder, as batches of a user."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder, including its subfolders")
        parser.add_argument("--user", required=True, metavar="NAME", help="the owner of the uploads")
        parser.add_argument("--mode", choices=MODES, help="(default: that of the preset, or auto)")
        parser.add_argument("--preset", default="", metavar="NAME", help="the preset of the user to read with")
        parser.add_argument(
            "--decimal", choices=DECIMAL_MARKS, help="the decimal mark (default: the one that the account has chosen)"
        )
        parser.add_argument("--name", help="name of the batch (default: the name of the folder)")
        parser.add_argument(
            "--wait", action="store_true", help="wait until all are read; exit with 1 if any could not be read"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        user = User.objects.filter(username=options["user"]).first()
        if not user:
            raise CommandError(f"There is no user {options['user']}.", returncode=2)
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.", returncode=2)
        try:
            mode, expected = expect_in_mode(user.pk, mode=options["mode"], preset_name=options["preset"])
        except Problem as problem:
            raise CommandError(f"--preset {options['preset']}: {problem.detail}", returncode=2) from problem
        files = iter(sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")))
        created: list[Batch] = []
        try:
            while group := list(islice(files, intake.MAX_ITEMS)):
                batch = intake.create_batch(
                    owner=user,
                    name=options["name"] or folder.name,
                    mode=mode,
                    decimal=options["decimal"],
                    expected=expected,
                )
                created.append(batch)
                self.add_files(batch, folder, group)
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        if options["wait"]:
            outcomes = [self.wait(batch) for batch in created]
            sys.exit(0 if all(outcomes) else 1)

    def add_files(self, batch: Batch, folder: Path, paths: list[Path]) -> None:
        for start in range(0, len(paths), FILES_PER_TRANSACTION):
            intake.add_files(batch, open_files(folder, paths[start : start + FILES_PER_TRANSACTION]))
        intake.close_batch(batch)
        self.stdout.write(f"{batch.pk} {len(paths)}")

    def wait(self, batch: Batch) -> bool:
        while not (progress := progress_of(batch)).is_ready:
            self.show_progress(progress)
            time.sleep(0.5)
        self.show_progress(progress)
        self.stderr.write(f"{batch.pk}: {progress.done} read, {progress.failed} failed, {progress.cancelled} cancelled")
        return progress.done == progress.total

    def show_progress(self, progress: Progress) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{progress.finished} of {progress.total}", ending="\n" if progress.is_ready else "")


def open_files(folder: Path, paths: list[Path]) -> Iterator[tuple[str, File]]:
    """Yield the files with their names, each open only while it is used: a thousand open files are too many."""
    for path in paths:
        with path.open("rb") as file:
            yield str(path.relative_to(folder)), File(file)
