"""The bodies of an answer: a reading that is not kept, a prediction, and their forms as lines and rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, TypeAlias
from uuid import UUID

from django.urls import reverse

from mlcore.artifact import SHIPPED
from mlcore.reading import result
from mlcore.reading.result import MODES, REASONS
from mlcore.reading.written import DECIMAL_MARKS, digits_of, find_value
from recognizer.bodies.expectations import ExpectedFields, expected_fields
from recognizer.bodies.ink import (
    DecisionName,
    GlyphBody,
    InkFields,
    Value,
    Written,
    glyph_body,
    ink_fields,
)
from recognizer.bodies.plain import INLINE, About, Body, Moment, PageBody, choice, url
from recognizer.models import Correction, Prediction, Upload
from recognizer.models.stored_readings import AnyGlyph

Absolute: TypeAlias = Callable[[str], str]  # makes a URL of a path, as request.build_absolute_uri does

PREDICTION_ID = "3f0c9f4e-6a0e-4b51-9d5c-0f6f3f0f8a11"
PREDICTION_PATH = f"/predictions/{PREDICTION_ID}/"
LINES_PATTERN = r"^([0-9]+(\n[0-9]+)*)?$"
CURRENT_KINDS = [kind for kind in Correction.Kind.values if kind != Correction.Kind.UNDO]

Version: TypeAlias = Annotated[str, About("The model version that answered.", example=SHIPPED.name)]
Mode: TypeAlias = Annotated[str, choice(*MODES)]
DecimalName: TypeAlias = Annotated[
    str | None, choice(*DECIMAL_MARKS, help="The decimal mark that settles values, if one is known.", example=None)
]
PredictionUrl: TypeAlias = Annotated[str, url(PREDICTION_PATH)]
FileName: TypeAlias = Annotated[str, About("The name of the file.", example="seven.png")]


@dataclass(frozen=True, slots=True)
class AnswerFields(Body):
    """The fields that every form of an answer has. A field that is added here appears in all of them."""

    text: Annotated[
        str,
        About(
            "The digits alone; empty exactly when rejected. Only mode `lines` returns several lines, joined by line"
            " feeds.",
            example="7",
            pattern=LINES_PATTERN,
        ),
    ]
    decision: DecisionName
    reason: Annotated[str | None, choice(*REASONS, help="Why it was rejected or is unsure, if known.", example=None)]
    confidence: Annotated[float, About("The probability that the whole text is right.", example=0.9981)]
    model: Version


@dataclass(frozen=True, slots=True)
class KeptGlyphBody(Body):
    """One digit of a prediction."""

    position: Annotated[int, About("The place in reading order, from 0.", example=0)]
    glyph: Annotated[GlyphBody, INLINE]
    input_url: Annotated[str, url(f"{PREDICTION_PATH}glyphs/0/input/", "The network's 28×28 input as a PNG.")]


@dataclass(frozen=True, slots=True)
class MeasuredFields(Body):
    """The mode and the time of a reading, what was expected, and the size of its picture."""

    mode: Mode
    decimal: DecimalName
    expected: Annotated[ExpectedFields, INLINE]
    width: Annotated[int, About("Width of the original after its EXIF rotation, in pixels.", example=400)]
    height: Annotated[int, About("Height of the original after its EXIF rotation, in pixels.", example=400)]
    latency_ms: Annotated[float, About("Time that decoding and reading took.", example=3.2)]


@dataclass(frozen=True, slots=True)
class ReadingBody(Body):
    """An answer that is not kept."""

    answer: Annotated[AnswerFields, INLINE]
    measured: Annotated[MeasuredFields, INLINE]
    glyphs: list[GlyphBody]
    ink: Annotated[InkFields, INLINE]


@dataclass(frozen=True, slots=True)
class CorrectionBody(Body):
    """The current correction of a picture."""

    kind: Annotated[str, choice(*CURRENT_KINDS, example="correct")]
    text: Annotated[str, About("The digits alone.", example="1", pattern=LINES_PATTERN)]
    written: Annotated[Written, About(example="1")]
    value: Annotated[Value, About(example="1")]


@dataclass(frozen=True, slots=True)
class PredictionBody(Body):
    """A reading that is kept."""

    id: Annotated[UUID, About(example=PREDICTION_ID)]
    url: PredictionUrl
    image_url: Annotated[
        str, url(f"{PREDICTION_PATH}image/", "The picture: upright, without metadata, at most 1,600 pixels.")
    ]
    feature_maps_url: Annotated[str, url(f"{PREDICTION_PATH}feature-maps/")]
    answer: Annotated[AnswerFields, INLINE]
    measured: Annotated[MeasuredFields, INLINE]
    created_at: Annotated[Moment, About("The time of the upload.")]
    source: Annotated[str, choice(*Upload.Source.values, example="api")]
    name: FileName
    sha256: Annotated[
        str,
        About(
            "SHA-256 of the uploaded bytes.", example="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        ),
    ]
    is_current: Annotated[bool, About("`false` once another model has read the picture again.", example=True)]
    correction: Annotated[CorrectionBody | None, About("The current correction, if there is one.", example=None)]
    glyphs: list[KeptGlyphBody]
    ink: Annotated[InkFields, INLINE]


@dataclass(frozen=True, slots=True)
class ReadingLine(Body):
    """One line of `manage.py read --json`."""

    file: FileName
    answer: Annotated[AnswerFields, INLINE]
    glyphs: list[GlyphBody]
    ink: Annotated[InkFields, INLINE]


@dataclass(frozen=True, slots=True)
class PredictionLine(ReadingLine):
    """One line of a batch's JSON Lines."""

    prediction: Annotated[UUID, About(example=PREDICTION_ID)]


@dataclass(frozen=True, slots=True)
class OldAnswerBody(Body):
    """The answer of POST /predict, for clients of the older demos."""

    digit: int | None
    confidence: float
    prediction_url: PredictionUrl


@dataclass(frozen=True, slots=True)
class PredictionPageBody(PageBody):
    """A page of predictions."""

    results: list[PredictionBody]


@dataclass(frozen=True, slots=True)
class DeletedBody(Body):
    deleted: Annotated[int, About("How many of the pictures were yours and not deleted already.", example=2)]


@dataclass(frozen=True, slots=True)
class RestoredBody(Body):
    restored: Annotated[int, About("How many of the deleted pictures were yours and are restored.", example=2)]


def answer_fields(answer: result.Reading | Prediction) -> AnswerFields:
    return AnswerFields(
        text=answer.text,
        decision=answer.decision,
        reason=answer.reason or None,
        confidence=answer.confidence,
        model=answer.model if isinstance(answer, result.Reading) else answer.model.version,
    )


def reading_body(
    reading: result.Reading, *, mode: str, decimal: str | None, expected: ExpectedFields, latency_ms: float
) -> ReadingBody:
    return ReadingBody(
        answer=answer_fields(reading),
        measured=MeasuredFields(
            mode=mode,
            decimal=decimal,
            expected=expected,
            width=reading.width,
            height=reading.height,
            latency_ms=latency_ms,
        ),
        glyphs=[glyph_body(glyph) for glyph in reading.glyphs],
        ink=ink_fields(reading, reading.glyphs),
    )


def prediction_body(prediction: Prediction, glyphs: Iterable[AnyGlyph], absolute: Absolute) -> PredictionBody:
    """Return the body of a prediction from `selectors.detailed_predictions_for`.

    The glyphs are its rows, or come from the reader when they were just saved.
    """
    own_url = prediction_url(prediction, absolute)
    upload, glyphs = prediction.upload, list(glyphs)
    return PredictionBody(
        id=prediction.pk,
        url=own_url,
        image_url=f"{own_url}image/",
        feature_maps_url=f"{own_url}feature-maps/",
        answer=answer_fields(prediction),
        measured=MeasuredFields(
            mode=prediction.mode,
            decimal=prediction.decimal or None,
            expected=expected_fields(prediction.preset_name, prediction.expected_fields),
            width=upload.width,
            height=upload.height,
            latency_ms=prediction.latency_ms,
        ),
        created_at=prediction.given_at,
        source=upload.source,
        name=upload.name,
        sha256=upload.sha256,
        is_current=prediction.is_current,
        correction=correction_body(prediction),
        glyphs=[
            KeptGlyphBody(position, glyph_body(glyph), f"{own_url}glyphs/{position}/input/")
            for position, glyph in enumerate(glyphs)
        ],
        ink=ink_fields(prediction, glyphs),
    )


def prediction_url(prediction: Prediction, absolute: Absolute) -> str:
    return absolute(reverse("api:prediction", args=[prediction.pk]))


def correction_body(prediction: Prediction) -> CorrectionBody | None:
    """Return the current correction, which `selectors.with_correction` annotates; None if it was undone."""
    kind = getattr(prediction, "correction_kind", None)
    if kind in (None, Correction.Kind.UNDO):
        return None
    written: str = prediction.correction_written  # type: ignore[attr-defined]
    return CorrectionBody(kind, digits_of(written), written, find_value(written, prediction.decimal_rule))


def reading_line(file: str, reading: result.Reading) -> ReadingLine:
    glyphs = [glyph_body(glyph) for glyph in reading.glyphs]
    return ReadingLine(file, answer_fields(reading), glyphs, ink_fields(reading, reading.glyphs))


def prediction_line(file: str, prediction: Prediction) -> PredictionLine:
    rows = list(prediction.glyphs.all())
    glyphs = [glyph_body(glyph) for glyph in rows]
    return PredictionLine(file, answer_fields(prediction), glyphs, ink_fields(prediction, rows), prediction.pk)


def old_answer_body(prediction: Prediction, absolute: Absolute) -> OldAnswerBody:
    return OldAnswerBody(
        digit=int(prediction.text) if prediction.text else None,
        confidence=prediction.confidence,
        prediction_url=prediction_url(prediction, absolute),
    )
