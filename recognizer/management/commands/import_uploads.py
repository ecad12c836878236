import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError

from mlcore.atomic_files import open_atomic
from mlcore.reading.result import MODES
from mlcore.reading.written import DECIMAL_MARKS
from recognizer.bodies.results import ResultRow
from recognizer.management.users import find_user
from recognizer.models import Batch
from recognizer.models.natural_order import natural_key
from recognizer.problems import Problem
from recognizer.queries.selectors import batches_for
from recognizer.services.batches import intake
from recognizer.services.batches.archives import shown_name
from recognizer.services.batches.progress import Progress, progress_of
from recognizer.services.batches.results import batch_rows
from recognizer.services.batches.table import ordered_items
from recognizer.services.exports.exports import as_csv, as_json_lines
from recognizer.services.exports.spreadsheets import write_workbook
from recognizer.services.exports.summaries import Summary, summarize
from recognizer.services.people.mail import absolute_url
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
        parser.add_argument(
            "--batch",
            action="append",
            default=[],
            type=UUID,
            metavar="KEY",
            help="leave out the files that are in this batch: go on with an import that ended early (may be repeated)",
        )
        parser.add_argument("--name", help="name of the batch (default: the name of the folder)")
        parser.add_argument(
            "--output",
            type=Path,
            metavar="FILE",
            help="with --wait: write the numbers to a .csv, .jsonl or .xlsx file, or as CSV to standard output (-)",
        )
        parser.add_argument(
            "--wait", action="store_true", help="wait until all are read; exit with 1 if any could not be read"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        user = find_user(options["user"])
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.", returncode=2)
        try:
            mode, expected = expect_in_mode(user.pk, mode=options["mode"], preset_name=options["preset"])
        except Problem as problem:
            raise CommandError(f"--preset {options['preset']}: {problem.detail}", returncode=2) from problem
        self.check_output(options["output"], waits=options["wait"])
        # The standard output holds nothing but the table, if that goes there.
        self.progress = self.stderr if str(options["output"]) == "-" else self.stdout
        batches = self.find_batches(user, options["batch"])
        files = iter(files_not_in(batches, folder))
        try:
            while group := list(islice(files, intake.MAX_ITEMS)):
                batch = intake.new_batch(
                    owner=user,
                    name=options["name"] or folder.name,
                    mode=mode,
                    decimal=options["decimal"],
                    expected=expected,
                )
                batches.append(batch)
                self.add_files(batch, folder, group)
        except (Problem, OSError) as error:
            detail = error.detail if isinstance(error, Problem) else str(error)
            raise CommandError(detail) from error
        finally:
            self.close_incomplete(batches)
        if options["wait"]:
            outcomes = [self.wait(batch) for batch in batches]
            if options["output"]:
                self.write_output(options["output"], folder.name, user, batches)
            sys.exit(0 if all(outcomes) else 1)

    def find_batches(self, user: User, keys: list[UUID]) -> list[Batch]:
        found = list(batches_for(user).filter(pk__in=keys).order_by("created_at"))
        if len(found) < len(set(keys)):
            raise CommandError(f"--batch: {user} has no such batch.", returncode=2)
        return found

    def close_incomplete(self, batches: list[Batch]) -> None:
        """Close the batch in which an error ended the import, and say how to go on."""
        stored = list(Batch.objects.filter(pk__in=[batch.pk for batch in batches]))  # an error undid the others
        incomplete = [batch for batch in stored if not batch.closed_at]
        for batch in incomplete:
            intake.close_batch(batch)
        if incomplete or len(stored) < len(batches):
            keys = " ".join(f"--batch {batch.pk}" for batch in stored)
            self.stderr.write(f"The import is not complete. Start it again{f' with {keys}' if keys else ''} to go on.")

    def check_output(self, output: Path | None, *, waits: bool) -> None:
        if output is None:
            return
        if not waits:
            raise CommandError("--output needs --wait.", returncode=2)
        if str(output) != "-" and (output.suffix not in OUTPUTS or not output.absolute().parent.is_dir()):
            formats = ", ".join(OUTPUTS)
            raise CommandError(f"--output: name one of {formats} in a folder that exists, or -.", returncode=2)

    def write_output(self, output: Path, title: str, user: User, batches: list[Batch]) -> None:
        rows = chain.from_iterable(batch_rows(ordered_items(user, batch), absolute_url) for batch in batches)
        if str(output) == "-":
            self.stdout.writelines(as_csv(rows))
            return
        with open_atomic(output) as file:
            OUTPUTS[output.suffix](file, rows, summarize(user, title, batches))

    def add_files(self, batch: Batch, folder: Path, paths: list[Path]) -> None:
        for start in range(0, len(paths), FILES_PER_TRANSACTION):
            intake.add_files(batch, open_files(folder, paths[start : start + FILES_PER_TRANSACTION]))
        intake.close_batch(batch)
        self.progress.write(f"{batch.pk} {len(paths)}")

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


def files_not_in(batches: list[Batch], folder: Path) -> list[Path]:
    """Return the files of a folder without those that the batches hold already."""
    held = intake.count_names(batches)
    left = []
    for path in find_files(folder):
        name = shown_name(str(path.relative_to(folder)))
        if held[name]:
            held[name] -= 1
        else:
            left.append(path)
    return left


def find_files(folder: Path) -> list[Path]:
    """Return the files of a folder and its subfolders in their natural order, without hidden ones."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return sorted(found, key=lambda path: natural_key(str(path.relative_to(folder))))


def write_text(lines: Callable[[Iterable[ResultRow]], Iterator[str]]) -> Callable[..., None]:
    """Return a function that writes the lines of a format to a file."""

    def write(file: IO[bytes], rows: Iterable[ResultRow], summary: Summary) -> None:
        for line in lines(rows):
            file.write(line.encode())

    return write


OUTPUTS: dict[str, Callable[[IO[bytes], Iterable[ResultRow], Summary], None]] = {
    ".csv": write_text(as_csv),
    ".jsonl": write_text(as_json_lines),
    ".xlsx": write_workbook,
}


def open_files(folder: Path, paths: list[Path]) -> Iterator[tuple[str, File]]:
    """Yield the files with their names, each open only while it is used: a thousand open files are too many."""
    for path in paths:
        with path.open("rb") as file:
            yield str(path.relative_to(folder)), File(file)
