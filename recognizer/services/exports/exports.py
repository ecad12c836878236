"""What a person takes along: lists as CSV or JSON, archives with the pictures, and everything at once.

All of it is written while it is sent, so that no export is too large for the memory.
"""

import csv
import json
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from recognizer import selectors
from recognizer.models import Correction, Prediction, Upload

COLUMNS = [
    "id", "given_at", "name", "source", "mode", "text", "decision", "reason", "confidence", "model",
    "correction", "correction_text", "sha256", "width", "height",
]  # fmt: skip
TOKEN_FIELDS = ("name", "scope", "created_at", "expires_at", "revoked_at", "last_used_at")
AT_ONCE = 500
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def rows_of(predictions: QuerySet[Prediction]) -> Iterator[dict[str, Any]]:
    """Of selectors.history_for, narrowed."""
    for prediction in predictions.iterator(chunk_size=AT_ONCE):
        upload = prediction.upload
        said = getattr(prediction, "correction_kind", None)
        yield {
            "id": str(upload.pk),
            "given_at": prediction.given_at.isoformat(),
            "name": upload.name,
            "source": upload.source,
            "mode": prediction.mode,
            "text": prediction.text,
            "decision": prediction.decision,
            "reason": prediction.reason,
            "confidence": round(prediction.confidence, 6),
            "model": prediction.model.version,
            "correction": "" if said in (None, Correction.Kind.UNDO) else said,
            "correction_text": getattr(prediction, "correction_text", None) or "",
            "sha256": upload.sha256,
            "width": upload.width,
            "height": upload.height,
        }


class Line:
    """What csv.writer writes to; it hands the line on."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    writer = csv.writer(Line())
    for row in rows:
        yield writer.writerow([inert(cell) for cell in row])


def inert(cell: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def as_csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield from csv_lines([COLUMNS])
    yield from csv_lines(row.values() for row in rows)


def as_json(rows: Iterable[Any]) -> Iterator[str]:
    """One array, an object a line."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def as_zip(predictions: QuerySet[Prediction]) -> Iterator[bytes]:
    """The list, and the pictures it names as they were given."""
    archive = Archive()
    yield from archive.add("history.csv", as_csv(rows_of(predictions)))
    uploads = Upload.objects.filter(pk__in=predictions.values("upload"))
    yield from add_pictures(archive, uploads)
    yield from archive.end()


def export_account(user: User) -> Iterator[bytes]:
    """A person's account and all their answers, the pictures as they were given included."""
    archive = Archive()
    account = {
        "username": user.get_username(),
        "email": user.email,
        "joined": user.date_joined,
        "tokens": list(user.api_tokens.values(*TOKEN_FIELDS)),
    }
    yield from archive.add("account.json", as_json([account]))
    yield from archive.add("uploads.json", as_json(all_uploads(user)))
    yield from archive.add("predictions.json", as_json(all_predictions(user)))
    yield from archive.add("corrections.json", as_json(all_corrections(user)))
    yield from add_pictures(archive, selectors.uploads_for(user))
    yield from archive.end()


def all_uploads(user: User) -> Iterator[dict[str, Any]]:
    fields = ("id", "created_at", "source", "name", "sha256", "format", "bytes", "width", "height", "strokes")
    return cast(Iterator[dict[str, Any]], selectors.uploads_for(user).values(*fields).iterator(chunk_size=AT_ONCE))


def all_predictions(user: User) -> Iterator[dict[str, Any]]:
    rows = selectors.with_glyphs(selectors.predictions_for(user)).select_related("model").defer("model__card")
    for row in rows.iterator(chunk_size=AT_ONCE):
        yield {
            "upload": row.upload_id,
            "created_at": row.created_at,
            "is_current": row.is_current,
            "model": row.model.version,
            "mode": row.mode,
            "text": row.text,
            "decision": row.decision,
            "reason": row.reason,
            "confidence": row.confidence,
            "glyphs": [
                {"box": [g.x, g.y, g.width, g.height], "digit": g.digit, "probabilities": g.probabilities}
                for g in row.glyphs.all()
            ],
        }


def all_corrections(user: User) -> Iterator[dict[str, Any]]:
    rows = Correction.objects.filter(upload__in=selectors.uploads_for(user)).order_by("created_at", "id")
    fields = ("upload", "created_at", "kind", "text", "boxes")
    return cast(Iterator[dict[str, Any]], rows.values(*fields).iterator(chunk_size=AT_ONCE))


def add_pictures(archive: "Archive", uploads: QuerySet[Upload]) -> Iterator[bytes]:
    for upload in uploads.only("original", "format").iterator(chunk_size=AT_ONCE):
        try:
            with upload.original.open("rb") as file:
                data = file.read()
        except FileNotFoundError:
            continue  # purged meanwhile
        yield from archive.add(f"pictures/{upload.pk}.{upload.format.lower()}", [data], compressed=False)


class Archive:
    """A ZIP that is handed on in pieces while it grows."""

    def __init__(self) -> None:
        self.written = _Pieces()
        self.zip = zipfile.ZipFile(cast(Any, self.written), "w")

    def add(self, name: str, content: Iterable[str | bytes], *, compressed: bool = True) -> Iterator[bytes]:
        member = zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0))
        member.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        with self.zip.open(member, "w", force_zip64=True) as file:
            for piece in content:
                file.write(piece.encode() if isinstance(piece, str) else piece)
                yield from self.written.taken()
        yield from self.written.taken()

    def end(self) -> Iterator[bytes]:
        self.zip.close()
        yield from self.written.taken()


class _Pieces:
    """A file that can only be written: what zipfile takes for a stream."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> Iterator[bytes]:
        pieces, self.pieces = self.pieces, []
        if pieces:
            yield b"".join(pieces)
