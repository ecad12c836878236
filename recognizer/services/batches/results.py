"""Results of a batch: the current prediction of each item, and the table and the JSON Lines of all items."""

import json
from collections.abc import Iterator

from django.db.models import Prefetch, QuerySet

from recognizer.bodies.batches import BatchRow, batch_line, batch_row
from recognizer.bodies.plain import names_of, write, write_row
from recognizer.models import Batch, BatchItem, Prediction
from recognizer.selectors import with_glyphs

ROWS_AT_ONCE = 200


def result_rows(batch: Batch) -> Iterator[list[str]]:
    """Yield the rows of a table, starting with its headers: each item with its prediction or its error code."""
    yield names_of(BatchRow)
    for item in with_predictions(batch.items.all()).iterator(chunk_size=ROWS_AT_ONCE):
        yield [str(cell) for cell in write_row(batch_row(item, item_prediction(item))).values()]


def result_lines(items: QuerySet[BatchItem]) -> Iterator[str]:
    """Yield each item as a line of JSON, with its prediction, its error or its state."""
    for item in with_predictions(items, glyphs=True).iterator(chunk_size=ROWS_AT_ONCE):
        yield json.dumps(write(batch_line(item, item_prediction(item))), ensure_ascii=False) + "\n"


def with_predictions(items: QuerySet[BatchItem], *, glyphs: bool = False) -> QuerySet[BatchItem]:
    """Fetch with each item its upload and its current prediction, for `item_prediction`."""
    current = Prediction.objects.filter(is_current=True).select_related("model").defer("model__card")
    if glyphs:
        current = with_glyphs(current)
    return items.select_related("upload").prefetch_related(Prefetch("upload__predictions", current, to_attr="current"))


def item_prediction(item: BatchItem) -> Prediction | None:
    """Return the current prediction of an item, or None if it waits, failed, or its upload was deleted.

    The item must come from `with_predictions`.
    """
    if item.upload is None or item.upload.deleted_at:
        return None
    current: list[Prediction] = item.upload.current  # type: ignore[attr-defined]
    return current[0] if current else None
