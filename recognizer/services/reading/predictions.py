"""Readings of images and their rows: the service behind the pages, the API, the admin and the commands."""

import hashlib
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import transaction

from mlcore.quality.threshold import decide_again
from mlcore.reading.files.decode import Picture, decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.result import Mode, Reading
from mlcore.reading.written import DecimalMark
from recognizer.models import Glyph, IdempotencyRecord, ModelVersion, Prediction, Upload
from recognizer.models.stored_readings import row_values
from recognizer.problems import Problem
from recognizer.services.limits import idempotency
from recognizer.services.limits.reading_slots import reading_slots
from recognizer.services.quality.streams import enter_streams, record_answers, stream_key, threshold_in_force
from recognizer.services.reading import feature_maps
from recognizer.services.reading.expected import Expected, columns_of, expect, expected_bytes, expected_of
from recognizer.services.reading.preferences import decimal_mark_of
from recognizer.services.reading.presets import find_preset, lock_presets
from recognizer.services.registry.model_versions import ActiveModel, models
from recognizer.services.rows import insert_rows
from recognizer.services.space.cleanup import delete_files_on_error
from recognizer.services.space.disk import require_disk_space
from recognizer.services.space.quotas import add_to_uploads
from recognizer.services.space.reservation import reserve_space
from recognizer.services.space.sizes import json_bytes, reading_bytes
from recognizer.services.space.superseded_maps import remove_superseded_maps


@dataclass(frozen=True, slots=True)
class PictureReading:
    """A decoded image and its reading by the active model, not saved."""

    picture: Picture
    reading: Reading
    model: ActiveModel
    mode: Mode
    decimal: DecimalMark | None
    latency_ms: float
    expected: Expected | None = None
    threshold: float | None = None  # of its stream; None where the model's own decided

    @property
    def preset_id(self) -> UUID | None:
        return self.expected.preset_id if self.expected else None

    @property
    def row_bytes(self) -> int:
        """Return the size of the prediction that the reading becomes."""
        return reading_bytes(self.reading) + expected_bytes(self.expected)


def read_picture(
    data: bytes, mode: Mode = "auto", decimal: DecimalMark | None = None, expected: Expected | None = None
) -> PictureReading:
    """Read an image without saving anything. Raise Problem if it cannot be decoded."""
    model = models.active_model()
    started = time.perf_counter()
    try:
        picture = decode(data)
    except PictureError as error:
        raise Problem.of_picture(error) from error
    expectation = expected.expectation if expected else None
    reading = model.reader.read_picture(picture, mode, decimal=decimal, expectation=expectation)
    latency_ms = 1000 * (time.perf_counter() - started)
    return PictureReading(picture, reading, model, mode, decimal, latency_ms, expected)


def read_for(
    owner_id: int,
    data: bytes,
    mode: Mode = "auto",
    decimal: DecimalMark | None = None,
    *,
    expected: Expected | None = None,
    is_preview: bool = False,
) -> PictureReading:
    """Read an image for an account without saving anything. Few images of one account are read at the same time.

    Without a decimal mark, the account's counts. Previews leave one slot to pictures that are to be kept.
    """
    with reading_slots.taken_by(owner_id, spared=int(is_preview)):
        return read_picture(data, mode, decimal or decimal_mark_of(owner_id), expected)


def read_unsaved(
    owner_id: int,
    data: bytes,
    mode: Mode = "auto",
    decimal: DecimalMark | None = None,
    *,
    expected: Expected | None = None,
    is_preview: bool = False,
) -> PictureReading:
    """Read an image that is not kept, and decide on it as its stream does on those that are."""
    answer = read_for(owner_id, data, mode, decimal, expected=expected, is_preview=is_preview)
    digest = expected.preset_digest if expected else ""
    key = stream_key(mode, answer.decimal or "", answer.preset_id, digest, is_expected=expected is not None)
    threshold = threshold_in_force(owner_id, answer.model.version.pk, key)
    return replace(answer, reading=decide_again(answer.reading, threshold), threshold=threshold)


def create_prediction(
    *,
    owner: User,
    data: bytes,
    source: str,
    mode: Mode = "auto",
    decimal: DecimalMark | None = None,
    expected: Expected | None = None,
    name: str = "",
    strokes: Any = None,
    draw_maps: bool = False,
) -> Prediction:
    """Read an image and return its saved prediction. Without a decimal mark, the owner's counts."""
    return save_reading(
        read_for(owner.pk, data, mode, decimal, expected=expected),
        owner=owner,
        data=data,
        source=source,
        name=name,
        strokes=strokes,
        draw_maps=draw_maps,
    )


def save_reading(
    picture_reading: PictureReading,
    *,
    owner: User,
    data: bytes,
    source: str,
    name: str = "",
    strokes: Any = None,
    draw_maps: bool = False,
    record: IdempotencyRecord | None = None,
) -> Prediction:
    """Store an image's file, save its reading and return the prediction.

    All rows are one transaction, with the prediction's key in `record`. If it fails, the file is deleted.
    """
    require_disk_space()
    picture = picture_reading.picture
    upload = Upload(
        owner=owner,
        source=source,
        name=name[:200],
        strokes=strokes,
        sha256=hashlib.sha256(data).hexdigest(),
        format=picture.format,
        bytes=len(data),
        derived_bytes=json_bytes(strokes) + picture_reading.row_bytes,
        width=picture.width,
        height=picture.height,
    )
    with delete_files_on_error() as stored:
        stored.append(upload.original)
        upload.original.save("original", ContentFile(data), save=False)
        with transaction.atomic():
            reserve_space(upload.owner_id, pictures=1, size=upload.stored_bytes)
            insert_rows([upload])
            prediction = write_prediction(upload, picture_reading, draw_maps=draw_maps)
            record_answers([(prediction, picture_reading.reading)])
            if record:
                idempotency.store_created_id(record, prediction.pk)
            stored.clear()
    return prediction


def replace_current(upload: Upload, picture_reading: PictureReading, *, draw_maps: bool) -> Prediction:
    """Save another reading of an upload as its current prediction. Call it inside a transaction."""
    size = picture_reading.row_bytes
    reserve_space(upload.owner_id, pictures=0, size=size)
    lock_presets([upload.owner_id], [picture_reading.preset_id])
    if not lock_uploads([upload.pk]):
        raise Problem("not_found")
    add_to_uploads({upload.pk: size})
    Prediction.objects.filter(upload=upload, is_current=True).update(is_current=False)
    remove_superseded_maps([upload.pk])
    return write_prediction(upload, picture_reading, draw_maps=draw_maps)


def lock_uploads(ids: Collection[UUID]) -> list[UUID]:
    """Lock the rows of those uploads that still exist, and return their keys.

    Hold this lock while a prediction becomes current: an upload has one current prediction, and without the lock a
    second transaction would not see the first one's.
    """
    rows = Upload.objects.filter(pk__in=ids).select_for_update().order_by("pk")
    return list(rows.values_list("pk", flat=True))


def write_prediction(upload: Upload, picture_reading: PictureReading, *, draw_maps: bool) -> Prediction:
    """Save a prediction with its glyphs, and request its feature maps if wanted. Call it inside a transaction."""
    model, reading = picture_reading.model, picture_reading.reading
    presets = lock_presets([upload.owner_id], [picture_reading.preset_id])
    prediction = build_prediction(
        upload,
        reading,
        model.version,
        mode=picture_reading.mode,
        decimal=picture_reading.decimal or "",
        latency_ms=picture_reading.latency_ms,
        expected=columns_of(picture_reading.expected, presets),
    )
    enter_streams([(prediction, reading)])
    glyphs = build_glyphs(prediction, reading)
    insert_rows([prediction])
    insert_rows(glyphs)
    if draw_maps and glyphs:
        feature_maps.request_maps(prediction, glyphs, model.reader.engine.layers)
    return prediction


def build_prediction(
    upload: Upload,
    reading: Reading,
    version: ModelVersion,
    *,
    mode: str,
    decimal: str,
    latency_ms: float,
    expected: Mapping[str, Any],
) -> Prediction:
    """Return an unsaved prediction. `expected` holds the values of its columns by `columns_of`."""
    return Prediction(
        upload=upload,
        owner_id=upload.owner_id,
        given_at=upload.created_at,
        model=version,
        mode=mode,
        decimal=decimal,
        confidence=reading.confidence,
        decision=reading.decision,
        reason=reading.reason or "",
        latency_ms=latency_ms,
        **row_values(reading),
        **expected,
    )


def build_glyphs(prediction: Prediction, reading: Reading) -> list[Glyph]:
    """Return the unsaved glyphs of a prediction."""
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


def expect_again(upload: Upload, preset_name: str | None) -> Expected | None:
    """Return what is expected of an upload that is read again, for `reread_upload`.

    A preset is used as it is now, with the previous value that was given when the upload was read.
    """
    current = Prediction.objects.filter(upload=upload, is_current=True).first()
    before = expected_of(current) if current else None
    if preset_name is None:
        return before
    if not preset_name:
        return None
    previous = before.fields.get("previous", "") if before else ""
    return expect(find_preset(upload.owner_id, preset_name), {"previous": previous} if previous else {})


def reread_upload(upload: Upload, mode: Mode, *, preset_name: str | None = None) -> Prediction:
    """Read a stored upload with the active model and save that as its current prediction. Earlier ones are kept.

    Without a preset, what was expected of the number stays; an empty name expects nothing.
    """
    if not upload.original:
        raise Problem.of_removed_picture()
    try:
        with upload.original.open("rb") as original:
            data = original.read()
    except FileNotFoundError as error:  # as after a restore without all media
        raise Problem("not_found") from error
    require_disk_space()
    picture_reading = read_for(upload.owner_id, data, mode, expected=expect_again(upload, preset_name))
    with transaction.atomic():
        return replace_current(upload, picture_reading, draw_maps=True)
