"""Results of a batch: the current prediction of each item, and the table of all items."""

from collections.abc import Iterator

from django.db.models import Prefetch

from recognizer.models import Batch, BatchItem, Prediction

HEADERS = ["position", "file", "state", "error", "text", "decision", "confidence", "prediction"]


def result_rows(batch: Batch) -> Iterator[list[str]]:
    """Yield the rows of a table, starting with its headers: each item with its prediction or its error code."""
    yield HEADERS
    current = Prefetch("upload__predictions", Prediction.objects.filter(is_current=True), to_attr="current")
    for item in batch.items.select_related("upload").prefetch_related(current).iterator(chunk_size=200):
        yield [str(item.position + 1), item.name, item.state, item.error_code, *_prediction_cells(item)]


def item_prediction(item: BatchItem) -> Prediction | None:
    """Return the current prediction of an item, or None if it waits, failed, or its upload was deleted.

    The item's upload must come with a prefetched list `current`.
    """
    if item.upload is None or item.upload.deleted_at:
        return None
    current: list[Prediction] = item.upload.current  # type: ignore[attr-defined]
    return current[0] if current else None


def _prediction_cells(item: BatchItem) -> list[str]:
    prediction = item_prediction(item)
    if not prediction:
        return ["", "", "", ""]
    return [prediction.text, prediction.decision, f"{prediction.confidence:.4f}", str(prediction.pk)]
