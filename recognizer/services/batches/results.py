"""Results of a batch: the current prediction of each item, and the rows and the lines of all items."""

import json
from collections.abc import Iterator

from django.db.models import Prefetch, QuerySet

from recognizer.bodies.answers import Absolute
from recognizer.bodies.batches import batch_line
from recognizer.bodies.plain import write
from recognizer.bodies.results import ResultRow, result_rows, unanswered_row
from recognizer.models import BatchItem, Prediction
from recognizer.queries.selectors import with_correction, with_correction_author, with_glyphs

ROWS_AT_ONCE = 200


def batch_rows(items: QuerySet[BatchItem], absolute: Absolute) -> Iterator[ResultRow]:
    """Yield the rows of the items in tables: those of their predictions, or one with the state and the error."""
    for item in with_predictions(items).iterator(chunk_size=ROWS_AT_ONCE):
        prediction = item_prediction(item)
        yield from result_rows(prediction, absolute) if prediction else [unanswered_row(item)]


def batch_lines(items: QuerySet[BatchItem], absolute: Absolute) -> Iterator[str]:
    """Yield each item as a line of JSON, with its prediction, its error or its state."""
    for item in with_predictions(items, glyphs=True).iterator(chunk_size=ROWS_AT_ONCE):
        line = batch_line(item, item_prediction(item), absolute)
        yield json.dumps(write(line), ensure_ascii=False) + "\n"


def with_predictions(items: QuerySet[BatchItem], *, glyphs: bool = False) -> QuerySet[BatchItem]:
    """Fetch with each item its upload and its current prediction, for `item_prediction`."""
    current = Prediction.objects.filter(is_current=True).select_related("model").defer("model__card")
    current = with_correction_author(with_correction(current))
    if glyphs:
        current = with_glyphs(current)
    return (
        items.select_related("upload")
        .defer("upload__strokes")
        .prefetch_related(Prefetch("upload__predictions", current, to_attr="current"))
    )


def item_prediction(item: BatchItem) -> Prediction | None:
    """Return the current prediction of an item, or None if it waits, failed, or its upload was deleted.

    The item must come from `with_predictions`.
    """
    if item.upload is None or item.upload.deleted_at:
        return None
    current: list[Prediction] = item.upload.current  # type: ignore[attr-defined]
    return current[0] if current else None
