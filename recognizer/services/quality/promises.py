"""Promises of streams: they follow from the audited answers, and are brought up to date after each correction."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from numpy.typing import NDArray

from mlcore.quality.promise import SHARE_BEFORE, WISHES, Promise
from recognizer.models import Audit, Stream
from recognizer.notice_texts import PROMISE_BROKEN, PROMISE_MADE
from recognizer.problems import Problem
from recognizer.selectors import waiting_audits
from recognizer.services.people.notices import tell_person


@dataclass(frozen=True, slots=True)
class CheckedAudits:
    """Audited answers with what people said of them, in the order in which they count."""

    confidences: NDArray[np.float64]  # (N,)
    is_right: NDArray[np.bool_]  # (N,)
    texts: tuple[str, ...]  # the digits that were read


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a stream's promise after its audits."""

    promise: Promise
    last_good: int | None  # place of the last right answer before the promise was broken the last time


def counted_audits(stream: Stream) -> QuerySet[Audit]:
    """Return the audits that count, in order: all before the first one that nobody has checked.

    Later ones may have been checked because they looked wrong. Audits without their picture are not waited for.
    """
    audits = stream.audits.order_by("chosen_at", "id")
    waiting = waiting_audits(audits.filter(owner=stream.owner_id))  # their index begins with the owner
    first = waiting.values_list("chosen_at", "id").first()
    checked = audits.exclude(is_right=None)
    if first is None:
        return checked
    at, key = first
    return checked.filter(Q(chosen_at__lt=at) | Q(chosen_at=at, id__lt=key))


def checked_audits(audits: QuerySet[Audit]) -> CheckedAudits:
    """Return what was said of the audits that count."""
    rows = list(audits.values_list("confidence", "is_right", "text"))
    confidences, verdicts, texts = zip(*rows, strict=True) if rows else ((), (), ())
    return CheckedAudits(np.array(confidences, np.float64), np.array(verdicts, np.bool_), tuple(texts))


def follow_audits(wish: float, audits: CheckedAudits) -> Standing:
    """Return where the promise of a wish stands after these audits."""
    promise = Promise(wish)
    last_good = None
    start = 0
    for place in np.flatnonzero(~audits.is_right).tolist():
        breaks = promise.breaks
        promise.add_right(audits.confidences[start:place])
        promise.add(float(audits.confidences[place]), is_right=False)
        start = place + 1
        if promise.breaks > breaks:
            right_before = np.flatnonzero(audits.is_right[:place])
            last_good = int(right_before[-1]) if len(right_before) else None
    promise.add_right(audits.confidences[start:])
    return Standing(promise, last_good)


def choose_wish(stream: Stream, wish: float | None) -> None:
    """Save the error rate that the owner of a stream wishes, and what follows from the audits so far."""
    if wish is not None and wish not in WISHES:
        raise Problem("invalid")
    with transaction.atomic():
        locked = Stream.objects.select_for_update().get(pk=stream.pk)
        if locked.wish == wish:
            return
        locked.wish, locked.promised_at, locked.broken_at, locked.breaks = wish, None, None, 0
        locked.last_good_at = None
        save_standing(locked, is_new_wish=True)


def update_promises(stream_ids: Iterable[UUID]) -> None:
    """Bring streams up to date after answers to their audits. Call it inside the transaction that saved them."""
    for stream in Stream.objects.select_for_update().filter(pk__in=set(stream_ids)).order_by("pk"):
        if stream.wish is not None:
            save_standing(stream)


def save_standing(stream: Stream, *, is_new_wish: bool = False) -> None:
    """Save what follows from the audits, and tell the owner if a promise was made or broken."""
    if stream.wish is None:
        stream.share, stream.threshold, stream.audits_left = SHARE_BEFORE, None, None
        stream.save()
        return
    counted = counted_audits(stream)
    standing = follow_audits(stream.wish, checked_audits(counted))
    promise, now = standing.promise, timezone.now()
    stream.share, stream.threshold = promise.share, promise.threshold
    stream.audits_left = None if promise.promised is not None else promise.audits_left
    was_promised, is_broken = stream.promised_at is not None, promise.breaks > stream.breaks and not is_new_wish
    if is_broken:
        stream.broken_at = now
        stream.last_good_at = None if standing.last_good is None else counted[standing.last_good].chosen_at
    elif not promise.breaks:
        stream.broken_at = stream.last_good_at = None
    stream.breaks = promise.breaks
    stream.promised_at = (stream.promised_at or now) if promise.promised is not None else None
    stream.save()
    if is_broken:
        tell_owner(stream, PROMISE_BROKEN)
    elif promise.promised is not None and not was_promised:
        tell_owner(stream, PROMISE_MADE)


def tell_owner(stream: Stream, kind: str) -> None:
    wish = f"{number_format(100 * (stream.wish or 0), 1)}\N{NO-BREAK SPACE}%"
    tell_person(
        stream.owner_id,
        kind,
        values={"stream": str(stream), "wish": wish},
        link=reverse("quality_stream", args=[stream.pk]),
    )


def review_since_last_good(stream: Stream) -> None:
    """Put what was sure from the last good audit until the promise was broken into review."""
    if stream.broken_at is None:
        raise Problem("conflict")
    stream.review_from, stream.review_until = stream.last_good_at or stream.created_at, stream.broken_at
    stream.save(update_fields=["review_from", "review_until"])
