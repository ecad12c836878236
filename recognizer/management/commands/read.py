import io
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import Artifact, ArtifactError
from mlcore.reading.expectations.expectation import Expectation
from mlcore.reading.expectations.expectation_text import FIELDS, ExpectationError, parse_expectation
from mlcore.reading.files.decode import decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.result import MODES, Line, Reading
from mlcore.reading.trace import FolderTrace
from mlcore.reading.written import DECIMAL_MARKS
from recognizer.bodies.answers import reading_line
from recognizer.bodies.plain import write
from recognizer.bodies.problems import ErrorLine, reading_error_body
from recognizer.services.reading.picture_files import Answer, FileReader, find_pictures, read_file
from recognizer.services.registry.model_versions import active_artifact, artifact_for


class Command(BaseCommand):
    help = "Read the digits in pictures: files, folders, or a list of files."
    requires_system_checks = []  # the command needs neither the database nor the pages

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="*", metavar="PATH", help="a picture, or a folder of pictures")
        parser.add_argument("--list", metavar="FILE", help="a file with one path per line; - reads standard input")
        parser.add_argument(
            "--mode",
            choices=MODES,
            default="auto",
            help="read one digit, one number, whichever of the two it is (auto), or every line",
        )
        parser.add_argument("--decimal", choices=DECIMAL_MARKS, help="the decimal mark, which settles what 1.234 means")
        parser.add_argument(
            "--expect",
            action="append",
            default=[],
            metavar="FIELD=TEXT",
            help="what the number looks like, such as digits=5; may be repeated. "
            + "; ".join(f"{name}: {help}" for name, help in FIELDS.items()),
        )
        parser.add_argument(
            "--model", metavar="VERSION", help="a model version or its folder; the active version by default"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object per picture, and nothing else")
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="append the lines of JSON to this file, and skip pictures that it has a line for: a run that was "
            "stopped goes on where it was",
        )
        parser.add_argument("--jobs", type=positive, default=1, metavar="N", help="number of processes that read")
        parser.add_argument("--trace", metavar="FOLDER", help="save a picture of every stage to this folder")

    def handle(self, *args: Any, **options: Any) -> None:
        paths = list(picture_paths(options["paths"], options["list"]))
        if not paths:
            raise CommandError("No pictures were given. Add PATH or --list FILE.", returncode=2)
        files = FileReader(
            find_artifact(options["model"]), options["mode"], options["decimal"], make_expectation(options["expect"])
        )
        if options["output"]:
            with open_output(options["output"]) as (output, done):
                missing = [path for path in paths if path not in done]
                if known := len(paths) - len(missing):
                    self.stderr.write(f"{known} of {len(paths)} are in {options['output']} already.")
                failed = self.write_answers(files, missing, options, output)
        else:
            failed = self.write_answers(files, paths, options, self.stdout)
        if failed:
            sys.exit(1)

    def write_answers(self, files: FileReader, paths: list[str], options: dict[str, Any], output: Any) -> bool:
        """Write a line for each picture, and return whether one of them could not be read."""
        if options["trace"]:
            answers = read_with_trace(files, paths, Path(options["trace"]))
        else:
            answers = files.read_files(paths, options["jobs"])
        is_json = options["json"] or options["output"]
        failed = False
        for done, (path, answer) in enumerate(answers, start=1):
            failed |= not isinstance(answer, Reading)
            line = as_json(path, answer) if is_json else as_text(path, answer)
            output.write(f"{line}\n")
            self.show_progress(done, len(paths), is_hidden=output is self.stdout and self.stdout.isatty())
        return failed

    def show_progress(self, done: int, total: int, *, is_hidden: bool) -> None:
        if total > 1 and self.stderr.isatty() and not is_hidden:
            filled = 30 * done // total
            end = "\n" if done == total else ""
            bar = f"\r[{'#' * filled}{'.' * (30 - filled)}] {done} of {total}"
            self.stderr.write(bar, ending=end)


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("a number from 1 up")
    return int(text)


def find_artifact(model: str | None) -> Artifact:
    try:
        return artifact_for(model) if model else active_artifact()
    except ArtifactError as error:
        raise CommandError(str(error), returncode=2) from error


def make_expectation(arguments: list[str]) -> Expectation | None:
    """Return the expectation of arguments such as `digits=5`."""
    for argument in arguments:
        if "=" not in argument:
            raise CommandError(f"--expect {argument}: Write FIELD=TEXT, such as digits=5.", returncode=2)
    fields = dict(argument.partition("=")[::2] for argument in arguments)
    try:
        return parse_expectation(fields)
    except ExpectationError as error:
        raise CommandError(f"--expect {error.field}: {error.detail}", returncode=2) from error


def picture_paths(arguments: list[str], listing: str | None) -> Iterator[str]:
    yield from find_pictures(arguments)
    if listing:
        yield from (line for line in listed_paths(listing) if line)


def listed_paths(listing: str) -> list[str]:
    try:
        text = sys.stdin.read() if listing == "-" else Path(listing).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{listing} cannot be read.", returncode=2) from error
    return text.splitlines()


def read_with_trace(files: FileReader, paths: list[str], folder: Path) -> Iterator[tuple[str, Answer]]:
    for number, path in enumerate(paths, start=1):
        content = read_file(path)
        if isinstance(content, OSError):
            yield path, content
            continue
        trace = FolderTrace(folder / f"{number:04d}-{Path(path).stem}")
        try:
            yield path, files.read_picture(decode(content), trace)
        except PictureError as error:
            yield path, error


@contextmanager
def open_output(path: str) -> Iterator[tuple[IO[str], set[str]]]:
    """Yield a file to append lines of JSON to, and the paths that it has lines for.

    The last line is removed if it is incomplete, because a run before was killed.
    """
    with Path(path).open("a+b") as file:
        file.seek(0)
        done, complete = set(), 0
        for line in file:
            if not line.endswith(b"\n") and line.startswith(b'{"file": '):
                break
            complete += len(line)
            try:
                done.add(str(json.loads(line)["file"]))
            except (ValueError, TypeError, KeyError) as error:
                raise CommandError(f"{path} has a line that `read --output` did not write.", returncode=2) from error
        file.truncate(complete)
        with io.TextIOWrapper(file, encoding="ascii", line_buffering=True) as text:
            yield text, done


def as_json(path: str, answer: Answer) -> str:
    if isinstance(answer, Reading):
        return json.dumps(write(reading_line(path, answer), decimals=4))
    return json.dumps(write(ErrorLine(path, reading_error_body(answer))))


def as_text(path: str, answer: Answer) -> str:
    if not isinstance(answer, Reading):
        return f"{path}: {reading_error_body(answer).detail}"
    if answer.decision == "rejected":
        return f"{path}: no digit ({answer.reason})"
    unread = f"; not read: {', '.join(ink.kind for ink in answer.unread)}" if answer.unread else ""
    if len(answer.lines) == 1:
        return f"{path}: {as_table_cell(answer)}{unread}"
    lines = "".join(f"\n  {as_table_cell(line)}" for line in answer.lines)
    return f"{path}: {len(answer.lines)} lines{unread}{lines}"


def as_table_cell(answer: Reading | Line) -> str:
    """Return the number with its certainty."""
    doubt = f", unsure: {answer.reason}" if answer.reason else ", unsure"
    return f"{answer.written} ({answer.confidence:.1%}{doubt if answer.decision == 'unsure' else ''})"
