"""What the API answers, as plain JSON values. Field names are those of the command line's JSON.

DRF's serializers describe these bodies (serializers.py) but do not write them: posting must stay cheap.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from rest_framework.request import Request

from mlcore.reading import result
from recognizer.models import (
    ApiToken,
    Batch,
    BatchItem,
    Correction,
    FeatureMap,
    Glyph,
    Job,
    ModelVersion,
    Prediction,
    Usage,
)
from recognizer.problems import KINDS
from recognizer.services.batches.progress import Progress, progress_by_batch
from recognizer.services.reading.predictions import PictureReading

Body = dict[str, Any]
AnyGlyph = Glyph | result.Glyph


def reading_body(answer: PictureReading, mode: str) -> Body:
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
        "glyphs": [glyph_body(glyph) for glyph in reading.glyphs],
    }


def prediction_body(prediction: Prediction, glyphs: Iterable[AnyGlyph], request: Request) -> Body:
    """One that is kept; its glyphs as rows, or as the reader gave them."""
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
            {"position": position, **glyph_body(glyph), "input_url": f"{url}glyphs/{position}/input/"}
            for position, glyph in enumerate(glyphs)
        ],
    }


def glyph_body(glyph: AnyGlyph) -> Body:
    return {
        "box": [glyph.box.x, glyph.box.y, glyph.box.width, glyph.box.height],
        "digit": glyph.digit,
        "confidence": glyph.confidence,
        "probabilities": [round(probability, 6) for probability in glyph.probabilities],
    }


def correction_body(prediction: Prediction) -> Body | None:
    """The newest one, which `selectors.detailed_predictions_for` brings along; one that was taken back says nothing."""
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


def feature_maps_body(prediction: Prediction, job: Job | None, maps: Iterable[FeatureMap], request: Request) -> Body:
    url = request.build_absolute_uri(reverse("api:feature-maps", args=[prediction.pk]))
    return {
        "url": url,
        # A picture without digits has no maps, and nothing to draw.
        "state": job.state if job else Job.State.DONE.value,
        "error": (job.error or None) if job and job.state == Job.State.FAILED else None,
        "maps": [feature_map_body(feature_map, url) for feature_map in maps],
    }


def feature_map_body(feature_map: FeatureMap, url: str) -> Body:
    position = feature_map.glyph.position
    return {
        "glyph": position,
        "layer": feature_map.layer,
        "kind": feature_map.kind,
        "shape": [feature_map.height, feature_map.width, feature_map.channels],
        "columns": feature_map.columns,
        "low": feature_map.low,
        "high": feature_map.high,
        "image_url": f"{url}{position}/{feature_map.layer}/" if feature_map.image else None,
    }


def token_body(token: ApiToken, request: Request) -> Body:
    return {
        "id": str(token.pk),
        "url": request.build_absolute_uri(reverse("api:token", args=[token.pk])),
        "name": token.name,
        "scope": token.scope,
        "created_at": moment(token.created_at),
        "expires_at": moment(token.expires_at),
        "last_used_at": moment(token.last_used_at),
    }


def person_body(user: User, kept: Usage, token: ApiToken | None) -> Body:
    return {
        "username": user.username,
        "email": user.email,
        "joined_at": moment(user.date_joined),
        "scope": token.scope if token else ApiToken.Scope.WRITE.value,
        "usage": {"pictures": kept.pictures, "bytes": kept.bytes},
        "quota": {"pictures": settings.QUOTA_PICTURES, "bytes": settings.QUOTA_BYTES},
    }


def batch_body(batch: Batch, request: Request) -> Body:
    return batch_bodies([batch], request)[0]


def batch_bodies(batches: Sequence[Batch], request: Request) -> list[Body]:
    progress = progress_by_batch(batches)
    return [_batch_body(batch, progress[batch.pk], request) for batch in batches]


def _batch_body(batch: Batch, progress: Progress, request: Request) -> Body:
    url = request.build_absolute_uri(reverse("api:batch", args=[batch.pk]))
    return {
        "id": str(batch.pk),
        "url": url,
        "name": batch.name,
        "mode": batch.mode,
        "created_at": moment(batch.created_at),
        "state": batch_state(batch, progress),
        "total": progress.total,
        "waiting": progress.waiting,
        "done": progress.done,
        "failed": progress.failed,
        "cancelled": progress.cancelled,
        "items_url": f"{url}items/",
        "results_jsonl_url": f"{url}results.jsonl",
        "results_csv_url": f"{url}results.csv",
    }


def batch_state(batch: Batch, progress: Progress) -> str:
    if batch.cancelled_at:
        return "cancelled"
    if progress.is_open:
        return "open"
    return "reading" if progress.waiting else "done"


def batch_item_body(item: BatchItem, prediction: Prediction | None, request: Request) -> Body:
    url = prediction and request.build_absolute_uri(reverse("api:prediction", args=[prediction.pk]))
    return {
        "position": item.position,
        "name": item.name,
        "state": item.state,
        "error": problem_body(item.error_code) if item.error_code else None,
        "text": prediction.text if prediction else None,
        "decision": prediction.decision if prediction else None,
        "confidence": prediction.confidence if prediction else None,
        "prediction_url": url,
    }


def problem_body(code: str) -> Body:
    return {"code": code, "detail": KINDS[code].title}
