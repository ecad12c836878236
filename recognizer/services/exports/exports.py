"""Exports of results as CSV, JSON Lines or ZIP.

Each is written while it is sent, so that none is too large for the memory.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from recognizer.bodies.answers import Absolute
from recognizer.bodies.plain import write, write_row
from recognizer.bodies.results import RESULT_COLUMNS, ResultRow, result_rows
from recognizer.models import Prediction, Upload
from recognizer.queries import selectors
from recognizer.services.exports.archive import Archive
from recognizer.services.exports.formulas import escape_formula

ROWS_AT_ONCE = 500
MAX_NAME = 100
MAX_TITLE = 80  # in the name of a picture, which also holds the start of its id
REFUSED_IN_NAMES = re.compile(r'[\\/:*?"<>|\s]+')  # by Windows, which refuses the most


def history_rows(predictions: QuerySet[Prediction], absolute: Absolute) -> Iterator[ResultRow]:
    """Yield the rows of predictions from selectors.history_for."""
    for prediction in selectors.exported(predictions).iterator(chunk_size=ROWS_AT_ONCE):
        yield from result_rows(prediction, absolute)


class LineWriter:
    """A file for csv.writer that returns each line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    writer = csv.writer(LineWriter())
    for row in rows:
        yield writer.writerow([escape_formula(cell) for cell in row])


def as_csv(rows: Iterable[ResultRow]) -> Iterator[str]:
    yield from csv_lines([RESULT_COLUMNS])
    yield from csv_lines(write_row(row).values() for row in rows)


def as_json_lines(rows: Iterable[ResultRow]) -> Iterator[str]:
    """Return each row as a JSON object on a line of its own. Its unread ink is a list."""
    for row in rows:
        yield json.dumps(write(row), ensure_ascii=False) + "\n"


def as_json(rows: Iterable[Any]) -> Iterator[str]:
    """Return the rows as one JSON array with an object on each line."""
    separator = "[\n"
    for row in rows:
        yield separator + json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def as_zip(predictions: QuerySet[Prediction], absolute: Absolute) -> Iterator[bytes]:
    """Return a ZIP of the history as CSV and the uploaded bytes of its pictures."""
    archive = Archive()
    yield from archive.add("history.csv", as_csv(history_rows(predictions, absolute)))
    uploads = Upload.objects.filter(pk__in=predictions.values("upload"))
    yield from add_pictures(archive, uploads)
    yield from archive.end()


def add_pictures(archive: Archive, uploads: QuerySet[Upload]) -> Iterator[bytes]:
    for upload in uploads.exclude(original="").only("original", "format", "name").iterator(chunk_size=ROWS_AT_ONCE):
        try:
            with upload.original.open("rb") as file:
                data = file.read()
        except FileNotFoundError:
            continue  # the purge was faster
        yield from archive.add(name_picture(upload), [data], compressed=False)


def name_picture(upload: Upload) -> str:
    """Return the name of an upload's picture in archives: that of its file, with the start of its id behind it."""
    title = title_of(upload)
    name = f"{title} {upload.pk.hex[:12]}" if title else str(upload.pk)
    return f"pictures/{name_file(name, upload.format.lower())}"


def title_of(upload: Upload) -> str:
    """Return the name of an upload's file without its extension; empty for a drawing."""
    return (upload.name.rpartition(".")[0] or upload.name)[:MAX_TITLE]


def name_file(title: str, extension: str) -> str:
    """Return a name that every system accepts for a file with this title."""
    # Without control characters, and without marks that change the direction of the text and so hide the extension.
    printable = "".join(each for each in title if each.isspace() or unicodedata.category(each)[0] != "C")
    return f"{REFUSED_IN_NAMES.sub(' ', printable)[:MAX_NAME].strip(' .') or 'digitscribe'}.{extension}"
