"""Control of a batch by its owner: cancel what waits, retry what failed."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from recognizer.models import Batch, BatchItem
from recognizer.services.account_state import require_open_account
from recognizer.services.batches.chunks import CANCELLED, enqueue_chunks


def cancel_batch(batch: Batch) -> int:
    """Close the batch, cancel its waiting items and return their number.

    Queued jobs then find no waiting item. A chunk that is being read discards its results.
    """
    with transaction.atomic():
        Batch.objects.select_for_update().get(pk=batch.pk)
        batch.cancelled_at = batch.cancelled_at or timezone.now()
        batch.closed_at = batch.closed_at or batch.cancelled_at
        batch.save(update_fields=["cancelled_at", "closed_at"])
        return batch.items.filter(state=BatchItem.State.WAITING).update(
            state=BatchItem.State.CANCELLED, error_code=CANCELLED
        )


def retryable_items(batch: Batch) -> QuerySet[BatchItem]:
    """Return the failed items whose file is still in the storage."""
    return batch.items.filter(state=BatchItem.State.FAILED).exclude(staged="")


def retry_failed(batch: Batch) -> int:
    """Queue the retryable items again and return their number."""
    with transaction.atomic():
        require_open_account(batch.owner_id)
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        items = list(retryable_items(batch).select_for_update())
        batch.items.filter(pk__in=[item.pk for item in items]).update(
            state=BatchItem.State.WAITING, error_code="", attempts=0
        )
        enqueue_chunks(batch, items)
    return len(items)
