"""The bodies of batches and their items, and the lines of their results."""

from dataclasses import dataclass
from typing import Annotated, Protocol
from uuid import UUID

from django.urls import reverse

from recognizer.bodies.answers import (
    Absolute,
    DecimalName,
    FileName,
    Mode,
    PredictionUrl,
    prediction_line,
    prediction_url,
)
from recognizer.bodies.expectations import ExpectedFields, expected_fields
from recognizer.bodies.ink import DecisionName, Value, Written
from recognizer.bodies.plain import INLINE, About, Body, Moment, PageBody, choice, url
from recognizer.bodies.problems import ErrorLine, FileErrorBody, file_error_body
from recognizer.bodies.results import ResultRow, result_rows, unanswered_row
from recognizer.models import Batch, BatchItem, Prediction

BATCH_ID = "8c1f4a52-08a5-4c3c-9f0e-5e9a4f6c2d77"
BATCH_PATH = f"/batches/{BATCH_ID}/"


class Counts(Protocol):
    """The number of a batch's items in each state."""

    @property
    def total(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def done(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def cancelled(self) -> int: ...
    @property
    def is_open(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class BatchBody(Body):
    """A batch, and how far its reading is."""

    id: Annotated[UUID, About(example=BATCH_ID)]
    url: Annotated[str, url(BATCH_PATH)]
    name: Annotated[str, About(example="Monday's sheets")]
    mode: Mode
    decimal: DecimalName
    expected: Annotated[ExpectedFields, INLINE]
    created_at: Moment
    state: Annotated[str, choice("open", "reading", "done", "cancelled", example="reading")]
    total: Annotated[int, About(example=40)]
    waiting: Annotated[int, About(example=20)]
    done: Annotated[int, About(example=19)]
    failed: Annotated[int, About(example=1)]
    cancelled: Annotated[int, About(example=0)]
    items_url: Annotated[str, url(f"{BATCH_PATH}items/")]
    results_jsonl_url: Annotated[str, url(f"{BATCH_PATH}results.jsonl")]
    results_csv_url: Annotated[str, url(f"{BATCH_PATH}results.csv")]


@dataclass(frozen=True, slots=True)
class BatchItemBody(Body):
    """One file of a batch, with the essence of its current answer."""

    position: Annotated[int, About("The place in the batch, from 0.", example=0)]
    name: FileName
    state: Annotated[str, choice(*BatchItem.State.values, example="done")]
    error: Annotated[FileErrorBody | None, About(example=None)]
    text: Annotated[str | None, About(example="7")]
    decision: DecisionName | None
    confidence: Annotated[float | None, About(example=0.9981)]
    prediction_url: PredictionUrl | None
    written: Written | None
    value: Value
    page: Annotated[int | None, About("The page of a PDF or TIFF file, from 1.", example=None)]


@dataclass(frozen=True, slots=True)
class BatchPageBody(PageBody):
    """A page of batches."""

    results: list[BatchBody]


@dataclass(frozen=True, slots=True)
class BatchItemPageBody(PageBody):
    """A page of a batch's items."""

    results: list[BatchItemBody]


@dataclass(frozen=True, slots=True)
class StateLine(Body):
    """The line of a file that is not read, or whose owner deleted it."""

    file: FileName
    state: str


@dataclass(frozen=True, slots=True)
class BatchLine(Body):
    """One line of a batch's JSON Lines: what was read in a file, and the rows of that file in tables."""

    line: Annotated[Body, INLINE]  # PredictionLine, ErrorLine or StateLine
    rows: Annotated[list[ResultRow], About("The rows of the file in CSV and XLSX, with its correction.")]


def batch_body(batch: Batch, counts: Counts, absolute: Absolute) -> BatchBody:
    own_url = absolute(reverse("api:batch", args=[batch.pk]))
    return BatchBody(
        id=batch.pk,
        url=own_url,
        name=batch.name,
        mode=batch.mode,
        decimal=batch.decimal or None,
        expected=expected_fields(batch.preset_name, batch.expected_fields),
        created_at=batch.created_at,
        state=batch_state(batch, counts),
        total=counts.total,
        waiting=counts.waiting,
        done=counts.done,
        failed=counts.failed,
        cancelled=counts.cancelled,
        items_url=f"{own_url}items/",
        results_jsonl_url=f"{own_url}results.jsonl",
        results_csv_url=f"{own_url}results.csv",
    )


def batch_state(batch: Batch, counts: Counts) -> str:
    if batch.cancelled_at:
        return "cancelled"
    if counts.is_open:
        return "open"
    return "reading" if counts.waiting else "done"


def batch_item_body(item: BatchItem, prediction: Prediction | None, absolute: Absolute) -> BatchItemBody:
    return BatchItemBody(
        position=item.position,
        name=item.name,
        state=item.state,
        error=file_error_body(item.error_code) if item.error_code else None,
        text=prediction.text if prediction else None,
        decision=prediction.decision if prediction else None,
        confidence=prediction.confidence if prediction else None,
        prediction_url=prediction_url(prediction, absolute) if prediction else None,
        written=prediction.written if prediction else None,
        value=prediction.value if prediction else None,
        page=item.page,
    )


def batch_line(item: BatchItem, prediction: Prediction | None, absolute: Absolute) -> BatchLine:
    """Return the item's line of JSON: its answer, its error, or its state while it has neither, and its rows."""
    if prediction:
        return BatchLine(prediction_line(item.name, prediction), list(result_rows(prediction, absolute)))
    rows = [unanswered_row(item)]
    if item.state == BatchItem.State.FAILED:
        return BatchLine(ErrorLine(item.name, file_error_body(item.error_code)), rows)
    return BatchLine(StateLine(item.name, item.state), rows)
