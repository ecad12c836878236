"""The bodies of streams: how good their answers are, and what is promised."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias
from uuid import UUID

from django.urls import reverse

from recognizer.bodies.answers import Absolute, DecimalName, Mode, Version
from recognizer.bodies.plain import About, Body, Moment, url
from recognizer.figures.streams import MonthFigures, StreamFigures

STREAM_ID = "5b1f4c7e-0c1d-4a53-9d43-1a0f5f2d8c77"
Count: TypeAlias = Annotated[int, About(minimum=0)]
Share: TypeAlias = Annotated[float, About(decimals=5, minimum=0, maximum=1)]


@dataclass(frozen=True, slots=True)
class ErrorBody(Body):
    """The share of sure answers that were wrong, among those that were chosen at random and checked."""

    checked: Annotated[Count, About("Sure answers that were checked.", example=310)]
    wrong: Annotated[Count, About(example=1)]
    rate: Annotated[
        Share | None, About("Each checked answer counts by the probability with which it was chosen.", example=0.0032)
    ]
    low: Annotated[Share | None, About("The lower end of the rate's 95 % interval.", example=0.0006)]
    high: Annotated[Share | None, About(example=0.0181)]


@dataclass(frozen=True, slots=True)
class StreamMonthBody(Body):
    """The answers of one month."""

    month: Annotated[str, About(example="2026-11")]
    answers: Annotated[Count, About(example=1240)]
    sure: Annotated[Count, About(example=1115)]
    corrected: Annotated[Count, About("Answers that people corrected.", example=21)]
    error: ErrorBody


@dataclass(frozen=True, slots=True)
class StreamBody(Body):
    """The answers under one preset or mode by one model version, and what is promised of them."""

    id: Annotated[UUID, About(example=STREAM_ID)]
    url: Annotated[str, url(f"/quality/{STREAM_ID}/")]
    preset: Annotated[str | None, About("The name of the preset.", example="Water meter")]
    mode: Mode
    decimal: DecimalName
    model: Version
    answers: Annotated[Count, About(example=1240)]
    sure: Annotated[Count, About(example=1115)]
    corrected: Annotated[Count, About(example=21)]
    waiting: Annotated[Count, About("Answers that were chosen to be checked and wait in the review.", example=12)]
    error: ErrorBody
    bound: Annotated[
        Share | None,
        About(
            "At most so many sure answers are wrong, with 95 % certainty at every look; `null` where the checked"
            " answers were chosen with different probabilities.",
            example=0.0201,
        ),
    ]
    wish: Annotated[
        Share | None, About("The largest share of wrong answers that the owner allows: the target.", example=0.02)
    ]
    promised_at: Annotated[Moment | None, About("Since when the target is promised.", example=None)]
    broken_at: Annotated[Moment | None, About("When a promise was broken, until the next one.", example=None)]
    withdrawn_at: Annotated[
        Moment | None,
        About("Since when changed verdicts do not prove the promise any more, until the next one.", example=None),
    ]
    threshold: Annotated[
        Share | None, About("The least confidence of a sure answer; `null`: the model's own threshold.", example=None)
    ]
    answers_to_check: Annotated[
        int | None,
        About(
            "About how many more the promise needs; `null` without a target or where no end is in sight.", example=74
        ),
    ]
    created_at: Moment
    months: list[StreamMonthBody]


def error_body(figures: StreamFigures | MonthFigures) -> ErrorBody:
    error = figures.error
    if not error.audited:
        return ErrorBody(0, 0, None, None, None)
    return ErrorBody(error.audited, error.wrong, error.rate, error.low, error.high)


def month_body(month: MonthFigures) -> StreamMonthBody:
    counts = month.counts
    return StreamMonthBody(f"{counts.month:%Y-%m}", counts.total, counts.sure, counts.corrected, error_body(month))


def stream_body(figures: StreamFigures, absolute: Absolute) -> StreamBody:
    stream = figures.stream
    return StreamBody(
        id=stream.pk,
        url=absolute(reverse("api:stream", args=[stream.pk])),
        preset=stream.name or None,
        mode=stream.mode,
        decimal=stream.decimal or None,
        model=stream.model.version,
        answers=figures.total,
        sure=figures.sure,
        corrected=figures.corrected,
        waiting=figures.waiting,
        error=error_body(figures),
        bound=figures.error.bound,
        wish=stream.wish,
        promised_at=stream.promised_at,
        broken_at=stream.broken_at,
        withdrawn_at=stream.withdrawn_at,
        threshold=stream.threshold,
        answers_to_check=stream.audits_left,
        created_at=stream.created_at,
        months=[month_body(month) for month in figures.months],
    )
