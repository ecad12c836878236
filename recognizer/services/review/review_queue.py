"""The review queue: unsure answers, among them audited ones that nobody can tell apart, and what is put into review."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from recognizer.models import Audit, Prediction, Stream
from recognizer.queries import selectors
from recognizer.queries.counting import RowCount

AUDITS_TRIED = 5  # the first ones; another process may just have answered some of them


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """The filters of the queue; empty values limit nothing."""

    batch_id: UUID | None = None
    reason: str = ""  # "uncertain" where no reason is known
    preset: str = ""
    model: str = ""

    def condition(self, relation: str = "") -> Q:
        """Return the condition on predictions, or on rows that the relation leads to them from."""
        condition = Q()
        if self.batch_id:
            condition &= Q(**{f"{relation}upload__batch_item__batch": self.batch_id})
        if self.reason:
            condition &= Q(**{f"{relation}reason": "" if self.reason == "uncertain" else self.reason})
        if self.preset:
            condition &= Q(**{f"{relation}preset__name": self.preset})
        if self.model:
            condition &= Q(**{f"{relation}model__version": self.model})
        return condition


WHOLE_QUEUE = QueueLimits()


def queue_of(user: User, limits: QueueLimits) -> QuerySet[Prediction]:
    """Return what a person has not reviewed, within the limits."""
    return selectors.review_queue_for(user).filter(limits.condition())


def audits_of(user: User, limits: QueueLimits) -> QuerySet[Audit]:
    return selectors.audits_to_review_for(user).filter(limits.condition("prediction__"))


def next_to_review(
    user: User, *, skipped: Collection[UUID], includes_sure: bool, limits: QueueLimits = WHOLE_QUEUE
) -> Prediction | None:
    """Return the next prediction of the queue."""
    ahead = look_ahead(user, skipped=skipped, includes_sure=includes_sure, limits=limits, count=1)
    return ahead[0] if ahead else None


def look_ahead(
    user: User,
    *,
    skipped: Collection[UUID],
    includes_sure: bool,
    limits: QueueLimits = WHOLE_QUEUE,
    count: int,
    streams: Sequence[Stream] | None = None,
    columns: Sequence[str] = (),
) -> list[Prediction]:
    """Return the next predictions in the order in which the queue will show them.

    Each is the least confident unsure one, the oldest audited one, or the first that was put into review. A hash of
    their keys decides between them, so that the choice stays when the page is loaded again, and nobody can tell which
    of them were audited. Sure ones follow where they are wanted. `streams` spares the query of `streams_in_review`.
    With `columns` only these are fetched, of the predictions and their models. The uploads are not.
    """
    queue = queue_of(user, limits).exclude(upload__in=skipped)
    if columns:
        queue = queue.select_related(None).select_related("model").only(*columns)
    audits = audits_of(user, limits).exclude(prediction__upload__in=skipped)
    ahead = merge_kinds(
        [
            list(queue.filter(decision=Prediction.Decision.UNSURE)[:count]),
            first_audited(queue, audits, count),
            first_put_into_review(streams_in_review(user) if streams is None else streams, queue, count),
        ],
        count,
    )
    if includes_sure and len(ahead) < count:
        ahead += queue.exclude(pk__in=[each.pk for each in ahead])[: count - len(ahead)]
    return ahead


def merge_kinds(kinds: list[list[Prediction]], count: int) -> list[Prediction]:
    """Return up to `count` predictions, each time the first one of a kind that a hash of all first ones chooses."""
    merged: dict[UUID, Prediction] = {}
    places = [0] * len(kinds)
    while len(merged) < count:
        for number, kind in enumerate(kinds):
            while places[number] < len(kind) and kind[places[number]].pk in merged:
                places[number] += 1
        heads = [kind[place] for kind, place in zip(kinds, places, strict=True) if place < len(kind)]
        if not heads:
            break
        digest = hashlib.sha256(" ".join(str(head.pk) for head in heads).encode()).digest()
        chosen = heads[digest[0] % len(heads)]
        merged[chosen.pk] = chosen
    return list(merged.values())


def first_audited(queue: QuerySet[Prediction], waiting: QuerySet[Audit], count: int) -> list[Prediction]:
    uploads = list(waiting.values_list("prediction__upload", flat=True)[: AUDITS_TRIED + count])
    if not uploads:
        return []
    # Unordered: with an order, the database would walk through the whole history to find these few rows.
    by_upload = {prediction.upload_id: prediction for prediction in queue.filter(upload__in=uploads).order_by()}
    return [by_upload[upload] for upload in uploads if upload in by_upload][:count]


def first_put_into_review(streams: Sequence[Stream], queue: QuerySet[Prediction], count: int) -> list[Prediction]:
    wanted = put_into_review(streams)
    return [] if wanted is None else list(queue.filter(wanted).order_by("given_at", "id")[:count])


def streams_in_review(user: User) -> list[Stream]:
    """Return the streams of which answers were put into review after a broken promise."""
    return list(selectors.streams_for(user).filter(review_from__isnull=False))


def put_into_review(streams: Sequence[Stream]) -> Q | None:
    """Return the condition of what was put into review, None if nothing was."""
    found = None
    for stream in streams:
        for first, last in stream.reviews:
            span = Q(stream=stream, decision=Prediction.Decision.READ, created_at__gte=first, created_at__lte=last)
            found = span if found is None else found | span
    return found


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """The numbers of answers left to review: unsure ones, those that the audit chose, and those put into review."""

    unsure: int
    chosen: int
    put_back: int

    @property
    def total(self) -> int:
        return self.unsure + self.chosen + self.put_back

    @property
    def is_mixed(self) -> bool:
        """Return whether the counts can be told without telling which kind the shown answer is."""
        return bool(self.unsure and (self.chosen or self.put_back))


def count_to_review(
    user: User,
    shown: Prediction | None,
    most: int,
    *,
    limits: QueueLimits = WHOLE_QUEUE,
    streams: Sequence[Stream] | None = None,
) -> QueueCounts:
    """Count what is left to review, including the shown prediction; stop at `most` + 1 of each kind.

    All kinds are counted by one query of the person's row.
    """
    queue = queue_of(user, limits)
    unsure = queue.filter(decision=Prediction.Decision.UNSURE)
    if shown:
        unsure = unsure.exclude(upload=shown.upload_id)  # some of its digits may be corrected already
    is_unsure = bool(shown and shown.decision == Prediction.Decision.UNSURE)
    chosen = audits_of(user, limits).filter(was_sure=True)
    wanted = put_into_review(streams_in_review(user) if streams is None else streams)
    put_back = queue.none() if wanted is None else queue.filter(wanted).exclude(pk__in=chosen.values("prediction"))
    # Unordered: with an order, the database would walk through all sure predictions to find the few unsure ones.
    kinds = [RowCount(rows.order_by().values("pk")[: most + 1]) for rows in (unsure, chosen, put_back)]
    counts = User.objects.filter(pk=user.pk).values_list(*kinds).first()
    unsure_count, chosen_count, put_back_count = counts or (0, 0, 0)  # the account was deleted in the meantime
    return QueueCounts(unsure_count + is_unsure, chosen_count, put_back_count)
