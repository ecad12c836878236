"""The body of a training: its progress, what it learnt from, and the comparison of its candidate."""

from dataclasses import dataclass
from typing import Annotated, Any

from django.urls import reverse

from recognizer.bodies.answers import Absolute
from recognizer.bodies.model_versions import COMPARISON, comparison_of
from recognizer.bodies.plain import About, Body, Moment, PageBody, choice, url
from recognizer.models import Training
from recognizer.words.trainings import training_error

TRAINING_PATH = "/trainings/3/"
EPOCH = {"number": 1, "loss": 0.31, "validation_accuracy": 0.986, "validation_loss": 0.05, "rate": 0.001, "seconds": 27}
COUNTS = {
    "digits": 180,
    "pictures": 150,
    "people": 6,
    "held_back_digits": 80,
    "held_back_pictures": 64,
    "numbers": 40,
    "held_back_numbers": 18,
    "is_limited": False,
}
STATES = ("waiting", "running", "candidate", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class TrainingBody(Body):
    """A training with corrections, and how far it is."""

    number: Annotated[int, About(example=3)]
    url: Annotated[str, url(TRAINING_PATH)]
    state: Annotated[str, choice(*STATES, help="`candidate`: it ended with one.", example="running")]
    error: Annotated[str, About("Why it failed; empty for those who may not train.", example="")]
    base: Annotated[str, About("The model that it starts from.", example="digits-10")]
    candidate: Annotated[str | None, About("The model that it made.", example=None)]
    stage: Annotated[str, About("What it is doing.", example="training")]
    stage_done: Annotated[float, About("Share of the stage.", example=0.4, minimum=0, maximum=1)]
    seconds_left: Annotated[float | None, About("In this stage.", example=95.5)]
    epochs: Annotated[list[dict[str, Any]], About("The learning curves: one object an epoch.", example=[EPOCH])]
    pictures: Annotated[dict[str, Any], About("How much it learns from; empty before it runs.", example=COUNTS)]
    gate: Annotated[
        dict[str, Any] | None,
        About("The comparison of the candidate with its base.", example=COMPARISON),
    ]
    created_at: Moment
    started_at: Moment | None
    finished_at: Annotated[Moment | None, About(example=None)]


@dataclass(frozen=True, slots=True)
class TrainingPageBody(PageBody):
    """One page of trainings, the newest first."""

    results: list[TrainingBody]


def training_body(training: Training, absolute: Absolute, *, shows_error: bool) -> TrainingBody:
    candidate = training.candidate
    return TrainingBody(
        number=training.number,
        url=absolute(reverse("api:training", args=[training.number])),
        state=state_of(training),
        error=training_error(training.error, training.pictures) if shows_error else "",
        base=training.base.version,
        candidate=candidate.version if candidate else None,
        stage=training.stage,
        stage_done=training.stage_done,
        seconds_left=training.seconds_left,
        epochs=training.epochs,
        pictures=training.pictures,
        gate=comparison_of(candidate),
        created_at=training.created_at,
        started_at=training.started_at,
        finished_at=training.finished_at,
    )


def state_of(training: Training) -> str:
    """Return the outcome of a training that has ended, or whether it waits or runs."""
    if training.is_open:
        return "running" if training.is_running else "waiting"
    return training.outcome
