"""Summaries of tables: what a file holds, and how good the answers in it are. They are its second sheet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from recognizer.figures.streams import StreamFigures
from recognizer.models import Batch, Prediction
from recognizer.queries import selectors
from recognizer.services.quality.batch_errors import errors_in
from recognizer.services.quality.figures import MAX_STREAMS, figures_of

Fact = tuple[str, Any]  # a name and a text or a number


@dataclass(frozen=True, slots=True)
class Summary:
    """The facts of a table that are not counted from its rows."""

    facts: list[Fact]
    quality: list[Fact]


def summarize(owner: User, title: str, batches: Sequence[Batch] = ()) -> Summary:
    """Return the summary of a table: of batches, or of pictures of the history, which belong to no one stream."""
    facts: list[Fact] = [("name", title), ("exported_at", local_time(timezone.now()))]
    if not batches:
        return Summary(facts, [])
    facts += [
        ("given_at", local_time(min(batch.created_at for batch in batches))),
        ("mode", batches[0].mode),
        ("preset", batches[0].preset_name),
        ("note", "\n".join(filter(None, (batch.note for batch in batches)))),
    ]
    return Summary(facts, list(quality_facts(owner, batches)))


def quality_facts(owner: User, batches: Sequence[Batch]) -> Iterator[Fact]:
    """Yield how many sure answers of the batches are probably wrong, and the promise of each of their streams."""
    current = Prediction.objects.filter(owner=owner, is_current=True, upload__deleted_at=None)
    own = current.filter(upload__batch_item__batch__in=batches).order_by().values("stream")
    streams = selectors.streams_for(owner).filter(pk__in=own).select_related("model").defer("model__card")
    figures = figures_of(list(streams[:MAX_STREAMS]))
    yield "errors_to_expect", sum(each.expected for each in errors_in(owner, batches, figures))
    for each in figures:
        yield from stream_facts(each)


def stream_facts(figures: StreamFigures) -> Iterator[Fact]:
    """Yield what is known and promised of a stream, by the names that the API gives the same values."""
    stream, error = figures.stream, figures.error
    yield "stream", str(stream)
    yield "model", stream.model.version
    yield "checked", error.audited
    yield "wrong", error.wrong
    yield "rate", error.rate if error.audited else None
    yield "bound", error.bound
    yield "wish", stream.wish
    yield "promised_at", local_time(stream.promised_at)
    yield "broken_at", local_time(stream.broken_at)


def local_time(at: datetime | None) -> str | None:
    return timezone.localtime(at).isoformat(timespec="seconds") if at else None
