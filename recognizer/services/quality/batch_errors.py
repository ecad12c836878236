"""The number of errors to expect in batches that nobody has looked at."""

from collections.abc import Sequence

from django.contrib.auth.models import User

from recognizer.figures.streams import BatchErrors, StreamFigures
from recognizer.models import Batch
from recognizer.queries import selectors
from recognizer.queries.sure_answers import sure_answers_in

BATCHES_SHOWN = 5
ENOUGH_CHECKED = 50  # sure answers of a stream; with fewer, the confidences say how many errors to expect


def expected_errors(user: User, streams: Sequence[StreamFigures]) -> list[BatchErrors]:
    """Return how many of the sure answers in the newest batches are probably wrong, with two queries."""
    return errors_in(user, list(selectors.batches_for(user).order_by("-created_at", "-id")[:BATCHES_SHOWN]), streams)


def errors_in(user: User, batches: Sequence[Batch], streams: Sequence[StreamFigures]) -> list[BatchErrors]:
    """Return how many of the sure answers of batches are probably wrong, with one query.

    The error rate of the stream counts where enough of its answers were checked.
    """
    rates = {each.stream.pk: each.error.rate for each in streams if each.error.audited >= ENOUGH_CHECKED}
    sure = dict.fromkeys((batch.pk for batch in batches), 0)
    errors = dict.fromkeys(sure, 0.0)
    for each in sure_answers_in(user, batches):
        sure[each.batch_id] += each.count
        rate = rates.get(each.stream_id) if each.stream_id else None
        errors[each.batch_id] += each.doubts if rate is None else each.count * rate
    return [BatchErrors(batch, sure[batch.pk], errors[batch.pk]) for batch in batches if sure[batch.pk]]
