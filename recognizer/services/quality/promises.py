"""Promises of streams: they follow from the audited answers, and are brought up to date after each correction."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from numpy.typing import NDArray

from mlcore.quality.promise import SHARE_BEFORE, WISHES, Promise
from mlcore.reading.answers.decide import sure_threshold
from recognizer.models import Audit, Stream, Upload
from recognizer.problems import Problem
from recognizer.queries.selectors import waiting_audits
from recognizer.services.people.notices import tell_person
from recognizer.services.registry.thresholds import thresholds_of
from recognizer.words.notices import PROMISE_BROKEN, PROMISE_MADE, PROMISE_WITHDRAWN


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
    checked = stream.audits.exclude(is_right=None).order_by("chosen_at", "id")
    first = first_waiting(stream)
    if first is None:
        return checked
    at, key = first
    return checked.filter(Q(chosen_at__lt=at) | Q(chosen_at=at, id__lt=key))


def first_waiting(stream: Stream) -> tuple[datetime, UUID] | None:
    """Return when the first audit was chosen that waits to be checked, and its key; None if none waits."""
    own = stream.audits.filter(owner=stream.owner_id)  # the index of the few that wait begins with the owner
    return waiting_audits(own).order_by("chosen_at", "id").values_list("chosen_at", "id").first()


def is_reopened(stream: Stream, waiting_since: datetime | None) -> bool:
    """Return whether an audit that the promise rests on waits again: its verdict was undone.

    `waiting_since` is when the first audit that waits was chosen. A part of the audits decides nothing: the promise
    stays as it is until this one is checked.
    """
    return bool(waiting_since and stream.counted_until and waiting_since <= stream.counted_until)


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
        locked.wish, locked.threshold, locked.breaks = wish, None, 0
        locked.promised_at = locked.broken_at = locked.withdrawn_at = locked.last_good_at = None
        save_standing(locked, is_new_wish=True)


def update_promises(stream_ids: Iterable[UUID]) -> None:
    """Bring streams up to date after answers to their audits. Call it inside the transaction that saved them."""
    for stream in Stream.objects.select_for_update().filter(pk__in=set(stream_ids)).order_by("pk"):
        waiting = first_waiting(stream)
        if stream.wish is not None and not is_reopened(stream, waiting and waiting[0]):
            save_standing(stream)


def stop_waiting_for(uploads: QuerySet[Upload], owner_ids: Collection[int]) -> None:
    """Bring streams up to date whose audits waited for these pictures, which were deleted or removed.

    Such audits hold back the later ones no longer. Call it inside the transaction that took the pictures away.
    """
    waited = Audit.objects.filter(owner__in=owner_ids, is_right=None, prediction__upload__in=uploads)
    update_promises(waited.values_list("stream", flat=True))


def save_standing(stream: Stream, *, is_new_wish: bool = False) -> None:
    """Save what follows from the audits, and tell the owner if a promise was made, broken or withdrawn.

    A promise is withdrawn where verdicts were changed, and it would not have been made with them. The stricter of its
    threshold and the model's own then holds. Without a promise, a threshold in force never falls: nothing proves that a
    lower one keeps the wish.
    """
    if stream.wish is None:
        stream.share, stream.threshold, stream.audits_left, stream.counted_until = SHARE_BEFORE, None, None, None
        stream.save()
        return
    counted = counted_audits(stream)
    standing = follow_audits(stream.wish, checked_audits(counted))
    promise, now = standing.promise, timezone.now()
    is_promised, was_promised = promise.promised is not None, stream.promised_at is not None
    is_broken = promise.breaks > stream.breaks and not is_new_wish
    is_withdrawn = was_promised and not (is_promised or is_broken)
    stream.share, stream.breaks = promise.share, promise.breaks
    stream.audits_left = None if is_promised else promise.audits_left
    stream.counted_until = counted.reverse().values_list("chosen_at", flat=True).first()
    if is_promised or is_broken:
        stream.threshold, stream.withdrawn_at = promise.threshold, None
    else:
        stream.threshold = max(stream.threshold or 0.0, promise.threshold or 0.0) or None
    if is_withdrawn:
        stream.threshold, stream.withdrawn_at = max(stream.threshold or 0.0, strictest_threshold(stream)), now
    if is_broken:
        stream.broken_at = now
        stream.last_good_at = None if standing.last_good is None else counted[standing.last_good].chosen_at
    elif not promise.breaks:
        stream.broken_at = stream.last_good_at = None
    is_made = is_promised and (is_broken or not was_promised)
    stream.promised_at = now if is_made else stream.promised_at if is_promised else None
    stream.save()
    for kind, happened in ((PROMISE_BROKEN, is_broken), (PROMISE_MADE, is_made), (PROMISE_WITHDRAWN, is_withdrawn)):
        if happened:
            tell_owner(stream, kind)


def strictest_threshold(stream: Stream) -> float:
    """Return the stricter of the thresholds that the model has for digits and for numbers."""
    thresholds = thresholds_of(stream.model_id)
    return max(sure_threshold(thresholds, is_number=is_number) for is_number in (False, True))


def tell_owner(stream: Stream, kind: str) -> None:
    tell_person(
        stream.owner_id,
        kind,
        values={"stream": str(stream), "wish": stream.wish},
        link=reverse("quality_stream", args=[stream.pk]),
    )


def review_since_last_good(stream: Stream) -> None:
    """Put what was sure from the last good audit until the promise was broken into review.

    What is left of an earlier broken promise stays there.
    """
    with transaction.atomic():
        locked = Stream.objects.select_for_update().get(pk=stream.pk)
        if locked.broken_at is None:
            raise Problem("conflict")
        wanted = locked.last_good_at or locked.created_at, locked.broken_at
        earlier = [each for each in locked.reviews if each != wanted]
        locked.earlier_reviews = [[first.isoformat(), last.isoformat()] for first, last in earlier]
        locked.review_from, locked.review_until = wanted
        locked.save(update_fields=["review_from", "review_until", "earlier_reviews"])
