"""Exports of a history as CSV, JSON or ZIP.

Each is written while it is sent, so that none is too large for the memory.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from recognizer.bodies.answers import HistoryRow, history_row
from recognizer.bodies.plain import Json, names_of, write, write_row
from recognizer.models import Prediction, Upload
from recognizer.services.exports.archive import Archive
from recognizer.services.exports.formulas import escape_formula

COLUMNS = names_of(HistoryRow)
ROWS_AT_ONCE = 500


def history_rows(predictions: QuerySet[Prediction]) -> Iterator[Json]:
    """Return the rows of predictions from selectors.history_for."""
    for prediction in predictions.iterator(chunk_size=ROWS_AT_ONCE):
        yield write_row(history_row(prediction), decimals=6)


def history_objects(predictions: QuerySet[Prediction]) -> Iterator[Json]:
    """Return the same rows as JSON objects, whose unread ink is a list."""
    for prediction in predictions.iterator(chunk_size=ROWS_AT_ONCE):
        row = history_row(prediction)
        yield write_row(row, decimals=6) | {"unread": [write(ink) for ink in row.unread]}


class LineWriter:
    """A file for csv.writer that returns each line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    writer = csv.writer(LineWriter())
    for row in rows:
        yield writer.writerow([escape_formula(cell) for cell in row])


def as_csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield from csv_lines([COLUMNS])
    yield from csv_lines(row.values() for row in rows)


def as_json(rows: Iterable[Any]) -> Iterator[str]:
    """Return the rows as one JSON array with an object on each line."""
    separator = "[\n"
    for row in rows:
        yield separator + json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def as_zip(predictions: QuerySet[Prediction]) -> Iterator[bytes]:
    """Return a ZIP of the history as CSV and the uploaded bytes of its pictures."""
    archive = Archive()
    yield from archive.add("history.csv", as_csv(history_rows(predictions)))
    uploads = Upload.objects.filter(pk__in=predictions.values("upload"))
    yield from add_pictures(archive, uploads)
    yield from archive.end()


def add_pictures(archive: Archive, uploads: QuerySet[Upload]) -> Iterator[bytes]:
    for upload in uploads.only("original", "format").iterator(chunk_size=ROWS_AT_ONCE):
        try:
            with upload.original.open("rb") as file:
                data = file.read()
        except FileNotFoundError:
            continue  # the purge was faster
        yield from archive.add(f"pictures/{upload.pk}.{upload.format.lower()}", [data], compressed=False)
