"""What came of a batch, line by line: as the command line's JSON, and as a table."""

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet

from recognizer.api.bodies import glyph_body, problem_body
from recognizer.models import BatchItem, Glyph, Prediction
from recognizer.services.batches.results import item_prediction

__all__ = ["item_prediction"]

AT_ONCE = 200


def with_answers(items: QuerySet[BatchItem]) -> QuerySet[BatchItem]:
    """Each item's upload with its current prediction, as `item_prediction` wants them."""
    current = Prediction.objects.filter(is_current=True).select_related("model").defer("model__card")
    current = current.prefetch_related(Prefetch("glyphs", Glyph.objects.defer("input")))
    return items.select_related("upload").prefetch_related(Prefetch("upload__predictions", current, to_attr="current"))


def json_lines(items: QuerySet[BatchItem]) -> Iterator[str]:
    for item in with_answers(items).iterator(chunk_size=AT_ONCE):
        yield json.dumps(line_of(item), ensure_ascii=False) + "\n"


def line_of(item: BatchItem) -> dict[str, Any]:
    prediction = item_prediction(item)
    if prediction:
        return {
            "file": item.name,
            "text": prediction.text,
            "decision": prediction.decision,
            "reason": prediction.reason or None,
            "confidence": prediction.confidence,
            "model": prediction.model.version,
            "glyphs": [glyph_body(glyph) for glyph in prediction.glyphs.all()],
            "prediction": str(prediction.pk),
        }
    if item.state == BatchItem.State.FAILED:
        return {"file": item.name, "error": problem_body(item.error_code)}
    return {"file": item.name, "state": item.state}
