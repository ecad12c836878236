"""From bytes to a record: the one way in which a picture is read and kept, whatever door it came through."""

import errno
import hashlib
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import transaction

from mlcore.reading.decode import Picture, decode
from mlcore.reading.errors import PictureError
from mlcore.reading.result import Mode, Reading
from recognizer.models import Glyph, ModelVersion, Prediction, Upload
from recognizer.problems import Problem
from recognizer.services.reading import feature_maps
from recognizer.services.registry.model_versions import ActiveModel, models
from recognizer.services.rows import insert
from recognizer.services.space.room import take_space


@dataclass(frozen=True, slots=True)
class Answer:
    """A reading that is not (yet) a record."""

    picture: Picture
    reading: Reading
    model: ActiveModel
    latency_ms: float


def read_picture(data: bytes, mode: Mode = "auto") -> Answer:
    """Read without keeping anything. Raises Problem with the code of what is wrong with the bytes."""
    model = models.active_model()
    started = time.perf_counter()
    try:
        picture = decode(data)
    except PictureError as error:
        raise Problem.of_picture(error) from error
    reading = model.reader.read_picture(picture, mode)
    return Answer(picture, reading, model, 1000 * (time.perf_counter() - started))


def create_prediction(
    *,
    owner: User,
    data: bytes,
    source: str,
    mode: Mode = "auto",
    name: str = "",
    strokes: Any = None,
    draw_maps: bool = False,
    in_transaction: Callable[[Prediction, Answer], None] | None = None,
) -> Prediction:
    """Read a picture and keep it: its file first, then all its rows, and what `in_transaction` writes, at once."""
    answer = read_picture(data, mode)
    upload = Upload(
        owner=owner,
        source=source,
        name=name[:200],
        strokes=strokes,
        sha256=hashlib.sha256(data).hexdigest(),
        format=answer.picture.format,
        bytes=len(data),
        width=answer.picture.width,
        height=answer.picture.height,
    )
    with file_only_with_rows(upload):
        upload.original.save("original", ContentFile(data), save=False)
        with transaction.atomic():
            take_space(upload.owner_id, pictures=1, size=upload.bytes)
            insert([upload])
            prediction = write_answer(upload, answer, mode=mode, draw_maps=draw_maps)
            if in_transaction:
                in_transaction(prediction, answer)
    return prediction


@contextmanager
def file_only_with_rows(upload: Upload) -> Iterator[None]:
    """No file stays behind when its row was not written; a full disk is said in words."""
    try:
        yield
    except BaseException as error:
        if upload.original.name:
            upload.original.storage.delete(upload.original.name)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Problem("storage_full") from error
        raise


def record_answer(upload: Upload, answer: Answer, *, mode: Mode, draw_maps: bool) -> Prediction:
    """Write a further reading of an upload as the current one. Call it inside a transaction."""
    if not lock_uploads([upload.pk]):
        raise Problem("not_found")
    Prediction.objects.filter(upload=upload, is_current=True).update(is_current=False)
    return write_answer(upload, answer, mode=mode, draw_maps=draw_maps)


def lock_uploads(ids: Collection[UUID]) -> list[UUID]:
    """Those that are still there. Only under this lock may a reading become current: of two at once the second one
    would not see the first one's, and an upload has one current reading."""
    rows = Upload.objects.filter(pk__in=ids).select_for_update().order_by("pk")
    return list(rows.values_list("pk", flat=True))


def write_answer(upload: Upload, answer: Answer, *, mode: Mode, draw_maps: bool) -> Prediction:
    """Write the first reading of an upload. Call it inside a transaction."""
    prediction = prediction_of(upload, answer.reading, answer.model.version, mode=mode, latency_ms=answer.latency_ms)
    glyphs = glyphs_of(prediction, answer.reading)
    insert([prediction])
    insert(glyphs)
    if draw_maps and glyphs:
        feature_maps.request_maps(prediction, glyphs, answer.model.reader.engine.layers)
    return prediction


def prediction_of(
    upload: Upload, reading: Reading, version: ModelVersion, *, mode: str, latency_ms: float
) -> Prediction:
    return Prediction(
        upload=upload,
        owner_id=upload.owner_id,
        given_at=upload.created_at,
        model=version,
        mode=mode,
        text=reading.text,
        confidence=reading.confidence,
        decision=reading.decision,
        reason=reading.reason or "",
        latency_ms=latency_ms,
    )


def glyphs_of(prediction: Prediction, reading: Reading) -> list[Glyph]:
    return [
        Glyph(
            prediction=prediction,
            position=position,
            x=glyph.box.x,
            y=glyph.box.y,
            width=glyph.box.width,
            height=glyph.box.height,
            input=glyph.input.tobytes(),
            digit=glyph.digit,
            confidence=glyph.confidence,
            probabilities=[round(p, 6) for p in glyph.probabilities],
        )
        for position, glyph in enumerate(reading.glyphs)
    ]


def read_again(upload: Upload, mode: Mode) -> Prediction:
    """Another reading of a kept picture, by the active model; the earlier ones stay."""
    try:
        with upload.original.open("rb") as original:
            data = original.read()
    except FileNotFoundError as error:  # as after a restore without all media
        raise Problem("not_found") from error
    answer = read_picture(data, mode)
    with transaction.atomic():
        return record_answer(upload, answer, mode=mode, draw_maps=True)
