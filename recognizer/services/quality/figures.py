"""Figures of streams: the estimated error, shares of sure and corrected answers, and what a promise would cost."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, Min, Q

from mlcore.quality.evidence import Outcome, estimate_error
from mlcore.quality.promise import WISHES
from recognizer import selectors
from recognizer.models import Audit, Stream, StreamMonth
from recognizer.services.quality.promises import CheckedAudits, follow_audits
from recognizer.stream_figures import Cost, MonthFigures, StreamFigures

MAX_STREAMS = 100


def figures_for(user: User) -> list[StreamFigures]:
    """Return the figures of the newest streams of an account, with a number of queries that does not grow."""
    streams = list(selectors.streams_for(user).select_related("model").defer("model__card")[:MAX_STREAMS])
    return figures_of(streams)


def figures_of(streams: Sequence[Stream]) -> list[StreamFigures]:
    months: dict[UUID, list[StreamMonth]] = {stream.pk: [] for stream in streams}
    for row in StreamMonth.objects.filter(stream__in=months).order_by("month"):
        months[row.stream_id].append(row)
    waiting = count_waiting(streams)
    outcomes = checked_outcomes(list(months), {key: first for key, (_count, first) in waiting.items()})
    found = []
    for stream in streams:
        own = outcomes.get(stream.pk, {})
        rows = tuple(MonthFigures(row, estimate_error(own.get(row.month, ()))) for row in months[stream.pk])
        everything = estimate_error(outcome for month in own.values() for outcome in month)
        count = waiting[stream.pk][0] if stream.pk in waiting else 0
        found.append(StreamFigures(stream, rows, everything, count))
    return found


def count_waiting(streams: Sequence[Stream]) -> dict[UUID, tuple[int, datetime]]:
    """Return how many audits of each stream wait to be checked, and when the first of them was chosen."""
    owners = {stream.owner_id for stream in streams}  # the index of the few that wait begins with the owner
    rows = (
        selectors.waiting_audits(Audit.objects.filter(owner__in=owners, stream__in=streams))
        .order_by()
        .values_list("stream")
        .annotate(Count("pk"), Min("chosen_at"))
    )
    return {stream: (count, first) for stream, count, first in rows}


def checked_outcomes(streams: Sequence[UUID], firsts: dict[UUID, datetime]) -> dict[UUID, dict[date, list[Outcome]]]:
    """Return what people said of the sure answers that count, by stream and month."""
    late = Q()
    for stream, first in firsts.items():
        late |= Q(stream=stream, chosen_at__gte=first)
    rows = (
        Audit.objects.filter(stream__in=streams, was_sure=True, is_right__isnull=False)
        .exclude(late)
        .order_by()
        .values_list("stream", "month", "probability", "is_right")
        .annotate(count=Count("*"))
    )
    found: dict[UUID, dict[date, list[Outcome]]] = {}
    for stream, month, probability, is_right, count in rows:
        outcomes = found.setdefault(stream, {}).setdefault(month, [])
        outcomes.append(Outcome(bool(is_right), probability, count))
    return found


def costs_of(audits: CheckedAudits) -> list[Cost]:
    """Return what each wish would cost after the audits so far."""
    promises = [follow_audits(wish, audits).promise for wish in WISHES]
    return [Cost(promise.wish, promise.audits_left, promise.promised is not None) for promise in promises]
