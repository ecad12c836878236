"""What the API answers, as plain JSON values. Field names are those of the command line's JSON.

DRF's serializers describe these bodies (serializers.py) but do not write them: a prediction of one digit takes them
about as long as the network takes to read it.
"""

from datetime import datetime
from typing import Any

from django.urls import reverse
from rest_framework.request import Request

from recognizer.models import Correction, ModelVersion, Prediction
from recognizer.services.predictions import Answer

Body = dict[str, Any]


def reading_body(answer: Answer, mode: str) -> Body:
    """An answer that is not kept."""
    reading = answer.reading
    return {
        "text": reading.text,
        "decision": reading.decision,
        "reason": reading.reason,
        "confidence": reading.confidence,
        "model": reading.model,
        "mode": mode,
        "width": reading.width,
        "height": reading.height,
        "latency_ms": answer.latency_ms,
        "glyphs": [glyph_body(glyph, glyph.box) for glyph in reading.glyphs],
    }


def prediction_body(prediction: Prediction, request: Request) -> Body:
    url = request.build_absolute_uri(reverse("api:prediction", args=[prediction.pk]))
    upload = prediction.upload
    return {
        "id": str(prediction.pk),
        "url": url,
        "image_url": f"{url}image/",
        "feature_maps_url": f"{url}feature-maps/",
        "text": prediction.text,
        "decision": prediction.decision,
        "reason": prediction.reason or None,
        "confidence": prediction.confidence,
        "model": prediction.model.version,
        "mode": prediction.mode,
        "width": upload.width,
        "height": upload.height,
        "latency_ms": prediction.latency_ms,
        "created_at": moment(prediction.given_at),
        "source": upload.source,
        "name": upload.name,
        "sha256": upload.sha256,
        "is_current": prediction.is_current,
        "correction": correction_body(prediction),
        "glyphs": [
            {
                "position": glyph.position,
                **glyph_body(glyph, glyph),
                "input_url": f"{url}glyphs/{glyph.position}/input/",
            }
            for glyph in prediction.glyphs.all()
        ],
    }


def glyph_body(glyph: Any, box: Any) -> Body:
    return {
        "box": [box.x, box.y, box.width, box.height],
        "digit": glyph.digit,
        "confidence": glyph.confidence,
        "probabilities": [round(probability, 6) for probability in glyph.probabilities],
    }


def correction_body(prediction: Prediction) -> Body | None:
    """The newest one, which `selectors.answers_for` brings along; one that was taken back says nothing."""
    kind = getattr(prediction, "correction_kind", None)
    if kind in (None, Correction.Kind.UNDO):
        return None
    return {"kind": kind, "text": prediction.correction_text}  # type: ignore[attr-defined]


def model_body(version: ModelVersion, request: Request) -> Body:
    url = request.build_absolute_uri(reverse("api:model", args=[version.version]))
    return {
        "version": version.version,
        "url": url,
        "card_url": f"{url}card/",
        "state": version.state,
        "digest": version.digest,
        "created_at": moment(version.created_at),
        "activated_at": moment(version.activated_at),
    }


def moment(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None
