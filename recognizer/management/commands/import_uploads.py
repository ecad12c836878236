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
from recognizer.models import Batch
from recognizer.problems import Problem
from recognizer.services.batches import intake
from recognizer.services.batches.progress import Progress, progress_of

AT_ONCE = 100  # files whose rows are written together


class Command(BaseCommand):
    help = "Have every picture in a folder read, as batches of a user."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="it and the folders within")
        parser.add_argument("--user", required=True, metavar="NAME", help="whose pictures they become")
        parser.add_argument("--mode", choices=MODES, default="auto")
        parser.add_argument("--name", help="of the batch (the folder's unless given)")
        parser.add_argument("--wait", action="store_true", help="until all are read; 1 if some could not be")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        user = User.objects.filter(username=options["user"]).first()
        if not user:
            raise CommandError(f"There is no user {options['user']}.", returncode=2)
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.", returncode=2)
        files = iter(sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")))
        made: list[Batch] = []
        try:
            while group := list(islice(files, intake.MAX_ITEMS)):
                batch = intake.create_batch(owner=user, name=options["name"] or folder.name, mode=options["mode"])
                made.append(batch)
                self.fill(batch, folder, group)
        except Problem as problem:
            raise CommandError(problem.detail) from problem
        if options["wait"]:
            outcomes = [self.wait(batch) for batch in made]
            sys.exit(0 if all(outcomes) else 1)

    def fill(self, batch: Batch, folder: Path, paths: list[Path]) -> None:
        for start in range(0, len(paths), AT_ONCE):
            intake.add_files(batch, opened(folder, paths[start : start + AT_ONCE]))
        intake.close_batch(batch)
        self.stdout.write(f"{batch.pk} {len(paths)}")

    def wait(self, batch: Batch) -> bool:
        while not (progress := progress_of(batch)).is_ready:
            self.show(progress)
            time.sleep(0.5)
        self.show(progress)
        self.stderr.write(f"{batch.pk}: {progress.done} read, {progress.failed} failed, {progress.cancelled} cancelled")
        return progress.done == progress.total

    def show(self, progress: Progress) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{progress.finished} of {progress.total}", ending="\n" if progress.is_ready else "")


def opened(folder: Path, paths: list[Path]) -> Iterator[tuple[str, File]]:
    """One at a time: a thousand open files are too many."""
    for path in paths:
        with path.open("rb") as file:
            yield str(path.relative_to(folder)), File(file)
