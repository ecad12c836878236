"""Exports of a history as CSV, JSON or ZIP, and of a whole account.

Each is written while it is sent, so that none is too large for the memory.
"""

import csv
import json
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, cast

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from recognizer import selectors
from recognizer.bodies.answers import HistoryRow, answer_fields, glyph_body, history_row, ink_fields
from recognizer.bodies.notices import notice_body
from recognizer.bodies.plain import Json, names_of, write, write_row
from recognizer.models import BatchItem, Correction, Prediction, Upload
from recognizer.notice_texts import show_notice
from recognizer.services.exports.formulas import escape_formula
from recognizer.services.reading.preferences import decimal_mark_of

COLUMNS = names_of(HistoryRow)
TOKEN_FIELDS = ("name", "scope", "created_at", "expires_at", "revoked_at", "last_used_at")
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


def export_account(user: User) -> Iterator[bytes]:
    """Return a ZIP of the account, its predictions, corrections and batches, and the bytes of its pictures."""
    archive = Archive()
    account = {
        "username": user.get_username(),
        "email": user.email,
        "addresses": list(EmailAddress.objects.filter(user=user).order_by("pk").values("email", "verified")),
        "joined": user.date_joined,
        "decimal": decimal_mark_of(user.pk),
        "tokens": list(user.api_tokens.values(*TOKEN_FIELDS)),
    }
    yield from archive.add("account.json", as_json([account]))
    yield from archive.add("uploads.json", as_json(all_uploads(user)))
    yield from archive.add("predictions.json", as_json(all_predictions(user)))
    yield from archive.add("corrections.json", as_json(all_corrections(user)))
    yield from archive.add("batches.json", as_json(all_batches(user)))
    yield from archive.add("notices.json", as_json(all_notices(user)))
    yield from add_pictures(archive, selectors.uploads_for(user))
    yield from add_unread_files(archive, user)
    yield from archive.end()


def all_uploads(user: User) -> Iterator[dict[str, Any]]:
    fields = ("id", "created_at", "source", "name", "sha256", "format", "bytes", "width", "height", "strokes")
    return cast(Iterator[dict[str, Any]], selectors.uploads_for(user).values(*fields).iterator(chunk_size=ROWS_AT_ONCE))


def all_predictions(user: User) -> Iterator[dict[str, Any]]:
    rows = selectors.with_glyphs(selectors.predictions_for(user)).select_related("model").defer("model__card")
    for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield {
            "upload": row.upload_id,
            "created_at": row.created_at,
            "is_current": row.is_current,
            "mode": row.mode,
            "decimal": row.decimal,
            **write_row(answer_fields(row)),
            "glyphs": [write(glyph_body(glyph)) for glyph in row.glyphs.all()],
            **write(ink_fields(row, row.glyphs.all())),
        }


def all_corrections(user: User) -> Iterator[dict[str, Any]]:
    rows = Correction.objects.filter(upload__in=selectors.uploads_for(user)).order_by("created_at", "id")
    fields = ("upload", "created_at", "kind", "text", "signed_text", "boxes")
    return cast(Iterator[dict[str, Any]], rows.values(*fields).iterator(chunk_size=ROWS_AT_ONCE))


def all_batches(user: User) -> Iterator[dict[str, Any]]:
    for batch in selectors.batches_for(user).order_by("created_at", "id").iterator(chunk_size=ROWS_AT_ONCE):
        items = batch.items.order_by("position").values("id", "name", "state", "error_code", "upload")
        yield {
            "id": batch.pk,
            "name": batch.name,
            "mode": batch.mode,
            "decimal": batch.decimal,
            "created_at": batch.created_at,
            "closed_at": batch.closed_at,
            "cancelled_at": batch.cancelled_at,
            "items": list(items),
        }


def all_notices(user: User) -> Iterator[dict[str, Any]]:
    for row in selectors.notices_for(user).order_by("created_at", "id").iterator(chunk_size=ROWS_AT_ONCE):
        yield write(notice_body(show_notice(row), str))


def add_unread_files(archive: "Archive", user: User) -> Iterator[bytes]:
    """Add the files of batches that have no prediction: they wait, failed or were cancelled."""
    items = BatchItem.objects.filter(batch__owner=user.pk).exclude(staged="").order_by("pk")
    for item in items.iterator(chunk_size=ROWS_AT_ONCE):
        try:
            with item.staged.open("rb") as file:
                data = file.read()
        except FileNotFoundError:
            continue  # a worker or the purge was faster
        yield from archive.add(f"unread/{item.pk}", [data], compressed=False)


def add_pictures(archive: "Archive", uploads: QuerySet[Upload]) -> Iterator[bytes]:
    for upload in uploads.only("original", "format").iterator(chunk_size=ROWS_AT_ONCE):
        try:
            with upload.original.open("rb") as file:
                data = file.read()
        except FileNotFoundError:
            continue  # the purge was faster
        yield from archive.add(f"pictures/{upload.pk}.{upload.format.lower()}", [data], compressed=False)


class Archive:
    """A ZIP file that is returned in pieces while it is written."""

    def __init__(self) -> None:
        self.output = _Pieces()
        self.zip = zipfile.ZipFile(cast(Any, self.output), "w")

    def add(self, name: str, content: Iterable[str | bytes], *, compressed: bool = True) -> Iterator[bytes]:
        member = zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0))
        member.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        with self.zip.open(member, "w", force_zip64=True) as file:
            for piece in content:
                file.write(piece.encode() if isinstance(piece, str) else piece)
                yield from self.output.take()
        yield from self.output.take()

    def end(self) -> Iterator[bytes]:
        self.zip.close()
        yield from self.output.take()


class _Pieces:
    """A file that can only be written, as zipfile expects of a stream."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def take(self) -> Iterator[bytes]:
        pieces, self.pieces = self.pieces, []
        if pieces:
            yield b"".join(pieces)
