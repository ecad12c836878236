"""Figures of streams: the estimated error, shares of sure and corrected answers, and what a promise would cost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Case, Count, Min, Q, Value, When

from mlcore.quality.evidence import Outcome, estimate_error
from mlcore.quality.promise import WISHES
from recognizer.figures.streams import Cost, MonthFigures, StreamFigures
from recognizer.models import Audit, Stream, StreamMonth
from recognizer.queries import selectors
from recognizer.services.quality.promises import CheckedAudits, follow_audits, is_reopened

MAX_STREAMS = 100


@dataclass(frozen=True, slots=True)
class WaitingAudits:
    """The numbers of audits of a stream that wait to be checked, and when the first of them was chosen."""

    sure: int
    unsure: int
    first: datetime


NONE_WAITING = WaitingAudits(0, 0, datetime.max)


def figures_for(user: User) -> list[StreamFigures]:
    """Return the figures of the newest streams of an account, with a number of queries that does not grow."""
    streams = list(selectors.streams_for(user).select_related("model").defer("model__card")[:MAX_STREAMS])
    return figures_of(streams)


def figures_of(streams: Sequence[Stream]) -> list[StreamFigures]:
    months: dict[UUID, list[StreamMonth]] = {stream.pk: [] for stream in streams}
    for row in StreamMonth.objects.filter(stream__in=months).order_by("month"):
        months[row.stream_id].append(row)
    waiting = count_waiting(streams)
    outcomes, held_back = checked_outcomes(
        list(months), {key: audits.first for key, audits in waiting.items() if audits.first}
    )
    found = []
    for stream in streams:
        own = outcomes.get(stream.pk, {})
        rows = tuple(MonthFigures(row, estimate_error(own.get(row.month, ()))) for row in months[stream.pk])
        everything = estimate_error(outcome for month in own.values() for outcome in month)
        audits = waiting.get(stream.pk, NONE_WAITING)
        again = is_reopened(stream, audits.first if audits is not NONE_WAITING else None)
        found.append(StreamFigures(stream, rows, everything, audits.sure, audits.unsure, held_back[stream.pk], again))
    return found


def count_waiting(streams: Sequence[Stream]) -> dict[UUID, WaitingAudits]:
    """Return the audits of each stream that wait to be checked. Streams without any are left out."""
    owners = {stream.owner_id for stream in streams}  # the index of the few that wait begins with the owner
    rows = (
        selectors.waiting_audits(Audit.objects.filter(owner__in=owners, stream__in=streams))
        .order_by()
        .values_list("stream")
        .annotate(
            sure=Count("pk", filter=Q(was_sure=True)),
            unsure=Count("pk", filter=Q(was_sure=False)),
            first=Min("chosen_at"),
        )
    )
    return {stream: WaitingAudits(sure, unsure, first) for stream, sure, unsure, first in rows}


def checked_outcomes(
    streams: Sequence[UUID], firsts: dict[UUID, datetime]
) -> tuple[dict[UUID, dict[date, list[Outcome]]], Counter[UUID]]:
    """Return what people said of the sure answers that count, by stream and month, and how many do not count yet.

    `firsts` holds when the first audit that waits in a stream was chosen: it holds back those after it.
    """
    late = [When(stream=stream, chosen_at__gte=first, then=Value(True)) for stream, first in firsts.items()]
    rows = (
        Audit.objects.filter(stream__in=streams, was_sure=True, is_right__isnull=False)
        .annotate(is_late=Case(*late, default=Value(False)))
        .order_by()
        .values_list("stream", "month", "probability", "is_right", "is_late")
        .annotate(count=Count("*"))
    )
    found: dict[UUID, dict[date, list[Outcome]]] = {}
    held_back: Counter[UUID] = Counter()
    for stream, month, probability, is_right, is_late, count in rows:
        if is_late:
            held_back[stream] += count
            continue
        outcomes = found.setdefault(stream, {}).setdefault(month, [])
        outcomes.append(Outcome(bool(is_right), probability, count))
    return found, held_back


def costs_of(audits: CheckedAudits) -> list[Cost]:
    """Return what each wish would cost after the audits so far."""
    promises = [follow_audits(wish, audits).promise for wish in WISHES]
    return [Cost(promise.wish, promise.audits_left, promise.promised_evidence) for promise in promises]
