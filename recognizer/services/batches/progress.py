"""Progress of batches: how many of their items wait, are done, failed or were cancelled."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count

from recognizer.models import Batch, BatchItem
from recognizer.queries.pagination import SortOrder, parse_datetime

NEWEST_FIRST = SortOrder("created_at", descending=True, parse=parse_datetime)  # lists of batches


@dataclass(frozen=True, slots=True)
class Progress:
    total: int
    waiting: int
    done: int
    failed: int
    cancelled: int
    is_open: bool

    @property
    def finished(self) -> int:
        return self.total - self.waiting

    @property
    def is_ready(self) -> bool:
        return not self.is_open and not self.waiting

    @property
    def done_share(self) -> float:
        return self.done / self.total if self.total else 0.0

    @property
    def share(self) -> float:
        """Return the share of items that were read or failed."""
        return (self.done + self.failed) / self.total if self.total else 0.0


def progress_of(batch: Batch) -> Progress:
    return progress_by_batch([batch])[batch.pk]


def progress_by_batch(batches: Sequence[Batch]) -> dict[uuid.UUID, Progress]:
    """Return the progress of each batch by its key, with one query for all of them."""
    counts: dict[uuid.UUID, dict[str, int]] = {batch.pk: {} for batch in batches}
    rows = BatchItem.objects.filter(batch__in=batches).order_by().values_list("batch", "state").annotate(Count("pk"))
    for batch_id, state, count in rows:
        counts[batch_id][state] = count
    return {batch.pk: _progress_from(counts[batch.pk], is_open=batch.closed_at is None) for batch in batches}


def _progress_from(counts: Mapping[str, int], *, is_open: bool) -> Progress:
    states = BatchItem.State
    return Progress(
        total=sum(counts.values()),
        waiting=counts.get(states.WAITING, 0),
        done=counts.get(states.DONE, 0),
        failed=counts.get(states.FAILED, 0),
        cancelled=counts.get(states.CANCELLED, 0),
        is_open=is_open,
    )
