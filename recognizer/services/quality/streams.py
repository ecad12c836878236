"""Streams: they are found or begun when an answer is stored, decide on it, and choose some answers to be audited."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from mlcore.quality.promise import SHARE_BEFORE
from mlcore.quality.threshold import decide_again
from mlcore.reading.result import Reading
from recognizer.models import Audit, Prediction, Stream
from recognizer.services.quality.audits import audited_share, is_audited
from recognizer.services.rows import count_answers, find_row

MONTH_COLUMNS = {"read": "sure", "unsure": "unsure", "rejected": "rejected"}  # of StreamMonth, by decision


def enter_streams(answers: Sequence[tuple[Prediction, Reading]]) -> None:
    """Set the streams of unsaved predictions, and decide on each by the threshold in force in its stream."""
    streams: dict[tuple[int, UUID, str], Stream] = {}
    for prediction, reading in answers:
        kind = stream_key(
            prediction.mode,
            prediction.decimal,
            prediction.preset_id,
            prediction.preset_digest,
            is_expected=prediction.expected is not None,
        )
        key = (prediction.owner_id, prediction.model_id, kind)
        stream = streams[key] = streams.get(key) or find_stream(prediction, key[-1])
        prediction.stream = stream
        prediction.decision = decide_again(reading, stream.threshold).decision


def stream_key(mode: str, decimal: str, preset_id: UUID | None, preset_digest: str, *, is_expected: bool) -> str:
    """Return the digest of what changes answers: the fields of a preset are part of it, its name is not.

    The fields that a request expects are left out, because they differ from picture to picture.
    """
    parts = [mode, decimal, str(preset_id or ""), is_expected, *([preset_digest] if preset_id else [])]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def threshold_in_force(owner_id: int, model_id: UUID, key: str) -> float | None:
    """Return the threshold that decides in a stream; None while the model's own does."""
    stream = find_row(Stream, owner_id=owner_id, model_id=model_id, key=key)
    return stream.threshold if stream else None


def find_stream(prediction: Prediction, key: str) -> Stream:
    """Return the stream that the prediction belongs to.

    A new one takes the wish of the one before it: of the same preset, or by another model version.
    """
    unique = {"owner_id": prediction.owner_id, "model_id": prediction.model_id, "key": key}
    stream = find_row(Stream, **unique)
    if stream is not None:
        return stream
    kind = {
        "mode": prediction.mode,
        "decimal": prediction.decimal,
        "preset_id": prediction.preset_id,
        "is_expected": prediction.expected is not None,
    }
    alike = kind if prediction.preset_id else {"key": key}  # streams of a deleted preset have no preset either
    earlier = Stream.objects.filter(owner=prediction.owner_id, **alike).order_by("-created_at", "-id")
    wish = earlier.values_list("wish", flat=True).first()
    name = prediction.preset.name if prediction.preset else ""  # it may have another one since the answer began
    begun = kind | {"name": name, "wish": wish, "share": SHARE_BEFORE}
    return Stream.objects.get_or_create(**unique, defaults=begun)[0]


def record_answers(answers: Sequence[tuple[Prediction, Reading]]) -> None:
    """Count stored answers by stream and month, and save which of them are audited. Call it in their transaction.

    Each reading is the model's own, before the stream's threshold decided on it.
    """
    counts: dict[tuple[Stream, date], Counter[str]] = {}
    audits = []
    for prediction, reading in answers:
        stream, month = prediction.stream, month_of(prediction.created_at)
        if stream is None:
            continue
        counts.setdefault((stream, month), Counter())[MONTH_COLUMNS[prediction.decision]] += 1
        if is_audited(stream, prediction, reading):
            audits.append(
                Audit(
                    prediction=prediction,
                    owner_id=prediction.owner_id,
                    stream=stream,
                    month=month,
                    probability=audited_share(stream),
                    text=prediction.text,
                    confidence=prediction.confidence,
                    was_sure=prediction.decision == Prediction.Decision.READ,
                )
            )
    for (stream, month), added in counts.items():
        count_answers(stream.pk, month, **added)
    if audits:
        Audit.objects.bulk_create(audits)


def month_of(at: datetime) -> date:
    return timezone.localtime(at, timezone.get_default_timezone()).date().replace(day=1)
