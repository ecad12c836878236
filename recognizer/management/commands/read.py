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
from mlcore.reading.reader import Reader
from mlcore.reading.result import MODES, Mode, Reading
from mlcore.reading.trace import FolderTrace
from recognizer.services.registry.model_versions import active_artifact, artifact_for

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"})
PICTURES_AT_ONCE = 64  # the network looks at so many together
BYTES_AT_ONCE = 64 * 1024 * 1024  # but large files do not wait in memory for one another

Answer = Reading | PictureError | OSError


class Command(BaseCommand):
    help = "Read digits from pictures: files, folders of them, or a list."
    requires_system_checks = []  # it needs neither a database nor the pages

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="*", metavar="PATH", help="a picture, or a folder of pictures")
        parser.add_argument("--list", metavar="FILE", help="names one path a line; - is standard input")
        parser.add_argument("--mode", choices=MODES, default="auto", help="one digit, one number, or either")
        parser.add_argument("--model", metavar="VERSION", help="a version or a folder; the active one unless given")
        parser.add_argument("--json", action="store_true", help="one JSON object a picture, nothing else")
        parser.add_argument("--trace", metavar="FOLDER", help="save a picture of every stage there")

    def handle(self, *args: Any, **options: Any) -> None:
        paths = list(given_paths(options["paths"], options["list"]))
        if not paths:
            raise CommandError("No picture was named: give PATH or --list FILE.", returncode=2)
        reader = make_reader(options["model"])
        answers = traced(reader, paths, options) if options["trace"] else read_all(reader, paths, options["mode"])
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


def given_paths(named: list[str], listing: str | None) -> Iterator[str]:
    """As given; a folder stands for the pictures in it."""
    for name in named:
        if Path(name).is_dir():
            inside = Path(name).rglob("*")
            yield from sorted(str(path) for path in inside if path.suffix.lower() in SUFFIXES)
        else:
            yield name
    if listing:
        yield from (line for line in listed(listing) if line)


def listed(listing: str) -> list[str]:
    try:
        text = sys.stdin.read() if listing == "-" else Path(listing).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{listing} cannot be read.", returncode=2) from error
    return text.splitlines()


def read_all(reader: Reader, paths: list[str], mode: Mode) -> Iterator[tuple[str, Answer]]:
    for group in grouped(paths):
        pictures = [content for _, content in group if isinstance(content, bytes)]
        answers = iter(reader.read_many(pictures, mode))
        for path, content in group:
            yield path, next(answers) if isinstance(content, bytes) else content


def grouped(paths: Iterable[str]) -> Iterator[list[tuple[str, bytes | OSError]]]:
    """The files' contents, few enough at once to stay small in memory."""
    group: list[tuple[str, bytes | OSError]] = []
    size = 0
    for path in paths:
        content = contents(path)
        group.append((path, content))
        size += len(content) if isinstance(content, bytes) else 0
        if len(group) == PICTURES_AT_ONCE or size > BYTES_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group


def contents(path: str) -> bytes | OSError:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)  # one more than allowed is enough to know
    except (OSError, ValueError) as error:
        return error if isinstance(error, OSError) else OSError(0, "Not a file name")


def traced(reader: Reader, paths: list[str], options: dict[str, Any]) -> Iterator[tuple[str, Answer]]:
    for number, path in enumerate(paths, start=1):
        content = contents(path)
        if isinstance(content, OSError):
            yield path, content
            continue
        trace = FolderTrace(Path(options["trace"]) / f"{number:04d}-{Path(path).stem}")
        try:
            yield path, reader.read_picture(decode(content), options["mode"], trace)
        except PictureError as error:
            yield path, error


def as_json(path: str, answer: Answer) -> str:
    if not isinstance(answer, Reading):
        return json.dumps({"file": path, "error": as_error(answer)})
    glyphs = [
        {
            "box": [glyph.box.x, glyph.box.y, glyph.box.width, glyph.box.height],
            "digit": glyph.digit,
            "confidence": round(glyph.confidence, 4),
            "probabilities": [round(share, 4) for share in glyph.probabilities],
        }
        for glyph in answer.glyphs
    ]
    return json.dumps(
        {
            "file": path,
            "text": answer.text,
            "decision": answer.decision,
            "reason": answer.reason,
            "confidence": round(answer.confidence, 4),
            "model": answer.model,
            "glyphs": glyphs,
        }
    )


def as_error(error: PictureError | OSError) -> dict[str, str]:
    if isinstance(error, PictureError):
        return {"code": error.code, "detail": error.detail}
    return {"code": "unreadable_file", "detail": f"The file cannot be read: {error.strerror}."}


def as_text(path: str, answer: Answer) -> str:
    if not isinstance(answer, Reading):
        return f"{path}: {as_error(answer)['detail']}"
    if answer.decision == "rejected":
        return f"{path}: no digit ({answer.reason})"
    doubt = f", unsure: {answer.reason}" if answer.reason else ", unsure"
    return f"{path}: {answer.text} ({answer.confidence:.1%}{doubt if answer.decision == 'unsure' else ''})"
