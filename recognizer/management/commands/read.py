import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import ArtifactError
from mlcore.reading.decode import MAX_BYTES, decode
from mlcore.reading.errors import PictureError
from mlcore.reading.expectation import Expectation
from mlcore.reading.expectation_text import FIELDS, ExpectationError, parse_expectation
from mlcore.reading.reader import Reader
from mlcore.reading.result import MODES, Line, Reading
from mlcore.reading.trace import FolderTrace
from mlcore.reading.written import DECIMAL_MARKS
from recognizer.bodies.answers import reading_line
from recognizer.bodies.plain import write
from recognizer.bodies.problems import ErrorLine, reading_error_body
from recognizer.services.registry.model_versions import active_artifact, artifact_for

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"})
PICTURES_AT_ONCE = 64  # read by one call of the network
BYTES_AT_ONCE = 64 * 1024 * 1024  # bounds the memory when the files are large

Answer = Reading | PictureError | OSError


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
        parser.add_argument("--trace", metavar="FOLDER", help="save a picture of every stage to this folder")

    def handle(self, *args: Any, **options: Any) -> None:
        paths = list(picture_paths(options["paths"], options["list"]))
        if not paths:
            raise CommandError("No pictures were given. Add PATH or --list FILE.", returncode=2)
        reader = make_reader(options["model"])
        options["expectation"] = make_expectation(options["expect"])
        read = read_with_trace if options["trace"] else read_all
        answers = read(reader, paths, options)
        failed = False
        for done, (path, answer) in enumerate(answers, start=1):
            failed |= not isinstance(answer, Reading)
            self.stdout.write(as_json(path, answer) if options["json"] else as_text(path, answer))
            self.show_progress(done, len(paths))
        if failed:
            sys.exit(1)

    def show_progress(self, done: int, total: int) -> None:
        if total > 1 and self.stderr.isatty() and not self.stdout.isatty():
            filled = 30 * done // total
            end = "\n" if done == total else ""
            bar = f"\r[{'#' * filled}{'.' * (30 - filled)}] {done} of {total}"
            self.stderr.write(bar, ending=end)


def make_reader(model: str | None) -> Reader:
    try:
        return Reader(artifact_for(model) if model else active_artifact())
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
    """Return the paths as given, with each folder replaced by the pictures in it."""
    for name in arguments:
        if Path(name).is_dir():
            inside = Path(name).rglob("*")
            yield from sorted(str(path) for path in inside if path.suffix.lower() in SUFFIXES)
        else:
            yield name
    if listing:
        yield from (line for line in listed_paths(listing) if line)


def listed_paths(listing: str) -> list[str]:
    try:
        text = sys.stdin.read() if listing == "-" else Path(listing).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{listing} cannot be read.", returncode=2) from error
    return text.splitlines()


def what_is_known(options: dict[str, Any]) -> dict[str, Any]:
    """Return what the reader is told beside the picture and the mode."""
    return {"decimal": options["decimal"], "expectation": options["expectation"]}


def read_all(reader: Reader, paths: list[str], options: dict[str, Any]) -> Iterator[tuple[str, Answer]]:
    for group in read_groups(paths):
        pictures = [content for _, content in group if isinstance(content, bytes)]
        answers = iter(reader.read_many(pictures, options["mode"], **what_is_known(options)))
        for path, content in group:
            yield path, next(answers) if isinstance(content, bytes) else content


def read_groups(paths: Iterable[str]) -> Iterator[list[tuple[str, bytes | OSError]]]:
    """Yield the paths with the files' contents, in groups that are small enough for the memory."""
    group: list[tuple[str, bytes | OSError]] = []
    size = 0
    for path in paths:
        content = read_file(path)
        group.append((path, content))
        size += len(content) if isinstance(content, bytes) else 0
        if len(group) == PICTURES_AT_ONCE or size > BYTES_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group


def read_file(path: str) -> bytes | OSError:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)  # one byte over the limit proves that a file is too large
    except (OSError, ValueError) as error:
        return error if isinstance(error, OSError) else OSError(0, "Not a file name")


def read_with_trace(reader: Reader, paths: list[str], options: dict[str, Any]) -> Iterator[tuple[str, Answer]]:
    for number, path in enumerate(paths, start=1):
        content = read_file(path)
        if isinstance(content, OSError):
            yield path, content
            continue
        trace = FolderTrace(Path(options["trace"]) / f"{number:04d}-{Path(path).stem}")
        try:
            yield path, reader.read_picture(decode(content), options["mode"], trace, **what_is_known(options))
        except PictureError as error:
            yield path, error


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
