"""The number of errors to expect in batches that nobody has looked at."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db.models import Count, F, Sum

from recognizer.figures.streams import BatchErrors, StreamFigures
from recognizer.models import Batch, Prediction
from recognizer.queries import selectors

BATCHES_SHOWN = 5
ENOUGH_CHECKED = 50  # sure answers of a stream; with fewer, the confidences say how many errors to expect


def expected_errors(user: User, streams: Sequence[StreamFigures]) -> list[BatchErrors]:
    """Return how many of the sure answers in the newest batches are probably wrong, with two queries."""
    return errors_in(user, list(selectors.batches_for(user).order_by("-created_at", "-id")[:BATCHES_SHOWN]), streams)


def errors_in(user: User, batches: Sequence[Batch], streams: Sequence[StreamFigures]) -> list[BatchErrors]:
    """Return how many of the sure answers of batches are probably wrong, with one query.

    The error rate of the stream counts where enough of its answers were checked. The query reads indexes alone: so it
    finds the few deleted uploads instead of asking each upload whether it is deleted.
    """
    rates = {each.stream.pk: each.error.rate for each in streams if each.error.audited >= ENOUGH_CHECKED}
    rows = (
        Prediction.objects.filter(is_current=True, decision=Prediction.Decision.READ)
        .filter(upload__batch_item__batch__in=batches, upload__batch_item__batch__owner=user.pk)
        .exclude(upload__in=selectors.deleted_uploads_for(user).values("pk"))
        .order_by()
        .values("upload__batch_item__batch", "stream")
        .annotate(count=Count("*"), doubts=Sum(1 - F("confidence")))
        .values_list("upload__batch_item__batch", "stream", "count", "doubts")
    )
    sure = dict.fromkeys((batch.pk for batch in batches), 0)
    errors = dict.fromkeys(sure, 0.0)
    for batch_id, stream_id, count, doubts in rows:
        sure[batch_id] += count
        errors[batch_id] += count * rates[stream_id] if stream_id in rates else doubts
    return [BatchErrors(batch, sure[batch.pk], errors[batch.pk]) for batch in batches if sure[batch.pk]]
