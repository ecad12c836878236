"""The rows of results: one definition of the columns of CSV and XLSX, of a batch and of the history.

A batch's JSON Lines hold the same rows under `rows`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Annotated, Any
from uuid import UUID

from django.urls import reverse

from mlcore.reading.result import REASONS
from mlcore.reading.written import digits_of, find_value
from recognizer.bodies.answers import CURRENT_KINDS, PREDICTION_ID, Absolute, FileName, Mode, Version, correction_body
from recognizer.bodies.ink import DecisionName, UnreadBody, Value, Written, unread_bodies
from recognizer.bodies.plain import About, Body, Moment, choice, names_of
from recognizer.models import BatchItem, Prediction, Upload
from recognizer.models.stored_readings import lines_of, unread_of

UPLOAD_ID = "2b7d1f60-93c5-4a3e-8a43-0c6f1a7f5b10"


@dataclass(frozen=True, slots=True)
class ResultRow(Body):
    """One line of a file's numbers. A file without numbers has one row."""

    position: Annotated[int | None, About("The place in the batch, from 1.", example=1)]
    file: FileName
    state: Annotated[str, choice(*BatchItem.State.values, example="done")]
    error: Annotated[str | None, About("The code of the problem.", example=None)]
    text: Annotated[str | None, About("The digits as read.", example="7")]
    decision: DecisionName | None
    confidence: Annotated[float | None, About("The probability that it was read right.", example=0.9981, decimals=4)]
    prediction: Annotated[UUID | None, About(example=PREDICTION_ID)]
    written: Annotated[Written | None, About("The number as read, signs included.")]
    value: Value
    unread: Annotated[list[UnreadBody], About("The ink that the answer does not explain.", example=[])]
    line: Annotated[int | None, About("The number of the line in the picture, from 1.", example=1)]
    final: Annotated[Written | None, About("The number that counts: as corrected, or else as read.")]
    final_value: Annotated[Value, About("The decimal string that `final` means, where it means one.")]
    correction: Annotated[str | None, choice(*CURRENT_KINDS, help="The kind of the current correction.", example=None)]
    corrected_by: Annotated[str | None, About("The user who corrected it last.", example=None)]
    corrected_at: Annotated[Moment | None, About("When it was corrected last.", example=None)]
    reason: Annotated[str | None, choice(*REASONS, help="Why it was rejected or is unsure, if known.", example=None)]
    mode: Mode | None
    model: Version | None
    source: Annotated[str | None, choice(*Upload.Source.values, example="batch")]
    given_at: Moment | None
    upload: Annotated[UUID | None, About("The key of the picture.", example=UPLOAD_ID)]
    sha256: Annotated[str | None, About("SHA-256 of the uploaded bytes.", example=64 * "0")]
    width: Annotated[int | None, About("Width of the original after its EXIF rotation, in pixels.", example=400)]
    height: Annotated[int | None, About("Height of the original after its EXIF rotation, in pixels.", example=400)]
    preset: Annotated[str | None, About("The preset that was named, by its name at that time.", example=None)]
    link: Annotated[
        str | None,
        About("The page of the picture.", example=f"https://digits.example.org/uploads/{UPLOAD_ID}/", format="uri"),
    ]
    page: Annotated[int | None, About("The page of a PDF or TIFF file, from 1.", example=None)]


RESULT_COLUMNS = names_of(ResultRow)


@dataclass(frozen=True, slots=True)
class _ReadLine:
    """The columns of a line as it was read; those of a line that a person added are empty."""

    text: str | None = None
    decision: str | None = None
    confidence: float | None = None
    written: str | None = None
    value: str | None = None
    reason: str | None = None


def result_rows(prediction: Prediction, absolute: Absolute) -> Iterator[ResultRow]:
    """Yield the rows of a prediction from `selectors.exported`, one for each line."""
    upload, correction = prediction.upload, correction_body(prediction)
    item = getattr(upload, "batch_item", None)
    shared: dict[str, Any] = {
        "position": item.position + 1 if item else None,
        "file": item.name if item else upload.name,
        "page": item.page if item else None,
        "state": BatchItem.State.DONE.value,
        "error": None,
        "prediction": prediction.pk,
        "unread": unread_bodies(unread_of(prediction)),
        "correction": correction.kind if correction else None,
        "corrected_by": prediction.correction_by if correction else None,  # type: ignore[attr-defined]
        "corrected_at": prediction.correction_at if correction else None,  # type: ignore[attr-defined]
        "mode": prediction.mode,
        "model": prediction.model.version,
        "source": upload.source,
        "given_at": prediction.given_at,
        "upload": upload.pk,
        "sha256": upload.sha256,
        "width": upload.width,
        "height": upload.height,
        "preset": prediction.preset_name or None,
        "link": absolute(reverse("upload_detail", args=[upload.pk])),
    }
    read = list(_read_lines(prediction))
    final = correction.written.split("\n") if correction else [line.written or "" for line in read]
    for number, (line, written) in enumerate(zip_longest(read, final, fillvalue=None), start=1):
        line, written = line or _ReadLine(), written or ""
        yield ResultRow(
            text=line.text,
            decision=line.decision,
            confidence=line.confidence,
            written=line.written,
            value=line.value,
            reason=line.reason,
            line=number if line.text or written else None,
            final=written,
            final_value=find_value(written, prediction.decimal_rule),
            **shared,
        )


def _read_lines(prediction: Prediction) -> Iterator[_ReadLine]:
    """Yield the lines of a prediction, or its rejection. The glyphs, which no column shows, are not fetched."""
    for line in lines_of(prediction, []):
        yield _ReadLine(
            digits_of(line.written), line.decision, line.confidence, line.written, line.value, line.reason or None
        )
    if not prediction.text:
        yield _ReadLine("", prediction.decision, prediction.confidence, "", None, prediction.reason or None)


def unanswered_row(item: BatchItem) -> ResultRow:
    """Return the row of a file that has no prediction: it waits, failed, was cancelled, or its upload was deleted."""
    known: dict[str, Any] = {
        "position": item.position + 1,
        "file": item.name,
        "page": item.page,
        "state": item.state,
        "error": item.error_code or None,
        "unread": [],
    }
    values: dict[str, Any] = dict.fromkeys(ResultRow.__dataclass_fields__)
    return ResultRow(**values | known)
