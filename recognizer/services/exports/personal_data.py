"""The content of a personal export: sections of rows, which are read and written in chunks.

A chunk becomes one JSON file for each kind of row, `predictions/0001.json`, and one file for each picture.
`services/people/owned_data.py` lists which model is in which section.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from recognizer.bodies.answers import answer_fields
from recognizer.bodies.ink import glyph_body, ink_fields
from recognizer.bodies.notices import notice_body
from recognizer.bodies.plain import format_datetime, write, write_row
from recognizer.models import ApiToken, Batch, BatchItem, Correction, Notice, Prediction, Stream, Upload
from recognizer.queries import selectors
from recognizer.queries.pagination import SortOrder, parse_datetime
from recognizer.services.exports.exports import as_json, name_picture
from recognizer.services.reading.preferences import preferences_of
from recognizer.words.notices import show_notice

CHUNK_BYTES = 8 * 1024 * 1024  # of files in one chunk, which is held in memory

TOKEN_FIELDS = ("name", "scope", "created_at", "expires_at", "revoked_at", "last_used_at")
PRESET_FIELDS = ("name", "mode", "expectation", "created_at", "updated_at")
UPLOAD_FIELDS = ("id", "created_at", "source", "name", "sha256", "format", "bytes", "width", "height")
CORRECTION_FIELDS = ("upload", "created_at", "kind", "text", "signed_text", "boxes")
STREAM_FIELDS = (
    "id",
    "name",
    "mode",
    "decimal",
    "seed",
    "created_at",
    "wish",
    "share",
    "threshold",
    "promised_at",
    "broken_at",
    "withdrawn_at",
)
MONTH_FIELDS = ("month", "sure", "unsure", "rejected", "corrected")
AUDIT_FIELDS = ("prediction", "chosen_at", "probability", "confidence", "was_sure", "is_right", "looked_again_at")
LINK_FIELDS = ("created_at", "expires_at", "last_used_at")
ITEM_FIELDS = ("id", "name", "page", "state", "error_code", "upload")

OLDEST_FIRST = SortOrder("created_at", descending=False, parse=parse_datetime)
BY_KEY = SortOrder("id", descending=False, parse=UUID)


@dataclass(frozen=True, slots=True)
class Member:
    """One file in the archive."""

    name: str
    content: Iterable[str | bytes]
    is_compressed: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one kind and of what belongs to them."""

    rows: Callable[[User, datetime], QuerySet[Any]]  # that existed at the time
    order: SortOrder
    at_once: int  # rows in one chunk
    members: Callable[[list[Any], int], Iterator[Member]]  # of the rows in the chunk with this number
    size: Callable[[Any], int] = lambda row: 0  # bytes of a row's file


@dataclass(frozen=True, slots=True)
class Position:
    """The place in an export where the next chunk begins: after a row of a section.

    A section has the rows that existed when it began, so that an account in use is exported in a bounded time.
    """

    until: datetime
    section: int = 0
    chunk: int = 1
    after: tuple[str, str] | None = None

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Position":
        if not value:
            return cls(timezone.now())
        after = value["after"] and (value["after"][0], value["after"][1])
        return cls(parse_datetime(value["until"]), value["section"], value["chunk"], after)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "until": self.until.isoformat()}


@dataclass(frozen=True, slots=True)
class Chunk:
    members: Iterator[Member]
    rows: int
    next: Position


def read_chunk(user: User, position: Position) -> Chunk | None:
    """Return the chunk at the position, or None at the end."""
    while position.section < len(SECTIONS):
        section = SECTIONS[position.section]
        rows = rows_at(section, section.rows(user, position.until), position.after)
        if rows:
            cursor = cursor_of(section.order, rows[-1])
            following = replace(position, chunk=position.chunk + 1, after=cursor)
            return Chunk(section.members(rows, position.chunk), len(rows), following)
        position = Position(timezone.now(), position.section + 1)
    return None


def rows_at(section: Section, rows: QuerySet[Any], after: tuple[str, str] | None) -> list[Any]:
    """Return the rows of one chunk: as many as allowed, with files of at most CHUNK_BYTES, but at least one."""
    ordered = rows.order_by(*dict.fromkeys(section.order.columns))
    if after:
        ordered = ordered.filter(section.order.after(section.order.parse(after[0]), after[1], backwards=False))
    found = list(ordered[: section.at_once])
    size = 0
    for count, row in enumerate(found):
        size += section.size(row)
        if count and size > CHUNK_BYTES:
            return found[:count]
    return found


def cursor_of(order: SortOrder, row: Any) -> tuple[str, str]:
    value = getattr(row, order.column)
    return value.isoformat() if isinstance(value, datetime) else str(value), str(row.pk)


def stored_bytes(file: FieldFile) -> int:
    try:
        return int(file.size)
    except FileNotFoundError:
        return 0


def count_rows(user: User) -> int:
    """Return the number of rows of all sections, for the progress."""
    return sum(section.rows(user, timezone.now()).count() for section in SECTIONS)


def describe_account(user: User) -> dict[str, Any]:
    """Return the account with its addresses, presets and tokens, as values of JSON."""
    tokens = ApiToken.objects.filter(user=user).order_by("created_at", "id").values(*TOKEN_FIELDS)
    chosen = preferences_of(user.pk)
    return {
        "username": user.get_username(),
        "email": user.email,
        "addresses": list(EmailAddress.objects.filter(user=user).order_by("pk").values("email", "verified")),
        "joined": format_datetime(user.date_joined),
        "decimal": chosen.decimal_mark,
        "pictures_kept_days": chosen.pictures_kept_days,
        "training_consent": chosen.training_consent,
        "trainers_may_look": chosen.trainers_may_look,
        "presets": [plain_row(row) for row in selectors.presets_for(user).values(*PRESET_FIELDS)],
        "tokens": [plain_row(token) for token in tokens],
    }


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a row with its times as text."""
    return {name: format_datetime(value) if isinstance(value, datetime) else value for name, value in row.items()}


def upload_members(uploads: list[Upload], chunk: int) -> Iterator[Member]:
    keys = [upload.pk for upload in uploads]
    yield table("uploads", chunk, map(describe_upload, uploads))
    predictions = selectors.with_glyphs(Prediction.objects.filter(upload__in=keys)).order_by("given_at", "id")
    answers = predictions.select_related("model").defer("model__card")
    yield table("predictions", chunk, map(describe_prediction, answers))
    corrections = Correction.objects.filter(upload__in=keys).order_by("created_at", "id").values(*CORRECTION_FIELDS)
    yield table("corrections", chunk, corrections)
    for upload in uploads:
        yield from stored_file(name_picture(upload), upload.original)


def describe_upload(upload: Upload) -> dict[str, Any]:
    """Return the upload with the strokes of a drawing, which are read for it alone: they may have 900 kB."""
    strokes = None
    if upload.source == Upload.Source.DRAWING:
        strokes = Upload.objects.values_list("strokes", flat=True).filter(pk=upload.pk).first()
    return {**{name: getattr(upload, name) for name in UPLOAD_FIELDS}, "strokes": strokes}


def describe_prediction(row: Prediction) -> dict[str, Any]:
    return {
        "upload": row.upload_id,
        "created_at": row.created_at,
        "is_current": row.is_current,
        "mode": row.mode,
        "decimal": row.decimal,
        "expected": row.expected,
        **write_row(answer_fields(row)),
        "glyphs": [write(glyph_body(glyph)) for glyph in row.glyphs.all()],
        **write(ink_fields(row, row.glyphs.all())),
    }


def batch_members(batches: list[Batch], chunk: int) -> Iterator[Member]:
    yield table("batches", chunk, map(describe_batch, batches))


def describe_batch(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.pk,
        "name": batch.name,
        "note": batch.note,
        "mode": batch.mode,
        "decimal": batch.decimal,
        "expected": batch.expected,
        "created_at": batch.created_at,
        "closed_at": batch.closed_at,
        "cancelled_at": batch.cancelled_at,
        "items": list(batch.items.order_by("position").values(*ITEM_FIELDS)),
        "links": list(batch.export_links.order_by("created_at", "id").values(*LINK_FIELDS)),
    }


def stream_members(streams: list[Stream], chunk: int) -> Iterator[Member]:
    """Yield streams with their months and audits. The seed proves how the audited answers were chosen."""
    yield table("streams", chunk, map(describe_stream, streams))


def describe_stream(stream: Stream) -> dict[str, Any]:
    return {
        **{name: getattr(stream, name) for name in STREAM_FIELDS},
        "model": stream.model.version,
        "months": list(stream.months.order_by("month").values(*MONTH_FIELDS)),
        "audits": list(stream.audits.order_by("chosen_at", "id").values(*AUDIT_FIELDS)),
    }


def unread_members(items: list[BatchItem], chunk: int) -> Iterator[Member]:
    """Yield the files of batches that have no prediction: they wait, failed or were cancelled."""
    for item in items:
        yield from stored_file(f"unread/{item.pk}", item.staged)


def notice_members(notices: list[Notice], chunk: int) -> Iterator[Member]:
    yield table("notices", chunk, (write(notice_body(show_notice(notice), str)) for notice in notices))


def table(name: str, chunk: int, rows: Iterable[Any]) -> Member:
    return Member(f"{name}/{chunk:04}.json", as_json(rows))


def stored_file(name: str, file: FieldFile) -> Iterator[Member]:
    """Yield the file, unless it was removed because of its age, or the purge or a worker was faster."""
    if not file:
        return
    try:
        with file.open("rb") as opened:
            yield Member(name, [opened.read()], is_compressed=False)
    except FileNotFoundError:
        return


SECTIONS = (
    # Before the uploads: a file that is read meanwhile is then in both, and not in neither.
    Section(
        lambda user, until: BatchItem.objects.filter(~Q(staged=""), batch__owner=user.pk, batch__created_at__lte=until),
        BY_KEY,
        200,
        unread_members,
        lambda item: stored_bytes(item.staged),
    ),
    Section(
        lambda user, until: selectors.uploads_for(user).filter(created_at__lte=until).defer("strokes"),
        OLDEST_FIRST,
        200,
        upload_members,
        lambda upload: upload.bytes,
    ),
    Section(
        lambda user, until: selectors.batches_for(user).filter(created_at__lte=until), OLDEST_FIRST, 5, batch_members
    ),
    Section(
        lambda user, until: selectors.notices_for(user).filter(created_at__lte=until),
        OLDEST_FIRST,
        1000,
        notice_members,
    ),
    Section(
        lambda user, until: (
            selectors.streams_for(user).filter(created_at__lte=until).select_related("model").defer("model__card")
        ),
        OLDEST_FIRST,
        5,
        stream_members,
    ),
)
