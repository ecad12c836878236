"""The review queue: unsure answers, among them audited ones that nobody can tell apart, and what is put into review."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from recognizer import selectors
from recognizer.models import Audit, Prediction

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
    """Return the next prediction of the queue.

    It is the least confident unsure one, the oldest audited one, or one that was put into review. A hash of their keys
    decides between them, so that the choice stays when the page is loaded again. Sure ones follow where they are
    wanted.
    """
    queue = queue_of(user, limits).exclude(upload__in=skipped)
    heads = [
        queue.filter(decision=Prediction.Decision.UNSURE).first(),
        first_audited(queue, audits_of(user, limits).exclude(prediction__upload__in=skipped)),
        first_put_into_review(user, queue),
    ]
    found = [head for head in heads if head is not None]
    if not found:
        return queue.first() if includes_sure else None
    digest = hashlib.sha256(" ".join(str(head.pk) for head in found).encode()).digest()
    return found[digest[0] % len(found)]


def first_audited(queue: QuerySet[Prediction], waiting: QuerySet[Audit]) -> Prediction | None:
    uploads = list(waiting.values_list("prediction__upload", flat=True)[:AUDITS_TRIED])
    if not uploads:
        return None
    # Unordered: with an order, the database would walk through the whole history to find these few rows.
    by_upload = {prediction.upload_id: prediction for prediction in queue.filter(upload__in=uploads).order_by()}
    return next((by_upload[upload] for upload in uploads if upload in by_upload), None)


def first_put_into_review(user: User, queue: QuerySet[Prediction]) -> Prediction | None:
    wanted = put_into_review(user)
    return None if wanted is None else queue.filter(wanted).order_by("given_at", "id").first()


def put_into_review(user: User) -> Q | None:
    """Return the condition of what was put into review after a broken promise, None if nothing was."""
    found = None
    for stream in selectors.streams_for(user).filter(review_from__isnull=False):
        of_stream = Q(
            stream=stream,
            decision=Prediction.Decision.READ,
            created_at__gte=stream.review_from,
            created_at__lte=stream.review_until,
        )
        found = of_stream if found is None else found | of_stream
    return found


def count_to_review(user: User, shown: Prediction | None, most: int, *, limits: QueueLimits = WHOLE_QUEUE) -> int:
    """Count what is left to review, including the shown prediction; stop at `most` + 1 of each kind."""
    queue = queue_of(user, limits)
    unsure = queue.filter(decision=Prediction.Decision.UNSURE)
    if shown:
        unsure = unsure.exclude(upload=shown.upload_id)  # some of its digits may be corrected already
    # Unordered: with an order, the database would walk through all sure predictions to find the few unsure ones.
    count = unsure.order_by()[: most + 1].count()
    count += audits_of(user, limits).filter(was_sure=True).order_by()[: most + 1].count()
    wanted = put_into_review(user)
    if wanted is not None:
        count += queue.filter(wanted).order_by()[: most + 1].count()
    return count + bool(shown and shown.decision == Prediction.Decision.UNSURE)
