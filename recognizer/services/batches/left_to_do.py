"""The work that is left in a batch, counted by one query."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Exists, Subquery, Sum

from recognizer.models import Batch
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.counting import RowCount
from recognizer.services.batches.control import retryable_items
from recognizer.services.batches.reading_again import jobs_reading_again


@dataclass(frozen=True, slots=True)
class LeftToDo:
    unsure: int  # answers that nobody has confirmed or corrected
    read_again: int  # pictures that wait to be read again
    can_retry: bool  # some failed files are still in the storage


def left_to_do(user: User, batch: Batch) -> LeftToDo:
    """Return what the owner of a batch may still do in it, and what it waits for."""
    pictures = jobs_reading_again(batch).order_by().values("batch").annotate(count=Sum("total")).values("count")
    counts = selectors.batches_for(user).filter(pk=batch.pk)
    unsure = RowCount(selectors.unsure_items_for(user, [batch]).values("pk"))
    found = counts.values_list(unsure, Subquery(pictures), Exists(retryable_items(batch))).first()
    if found is None:  # it was deleted in the meantime
        raise Problem("not_found")
    return LeftToDo(unsure=found[0], read_again=found[1] or 0, can_retry=found[2])
