"""The digits and numbers that a training may learn from, and those that are held back to compare models on.

Only pictures count that a person confirmed or corrected and whose owner gives consent. Whether a picture is held back
depends on its key alone, so it stays on its side for ever; audited pictures are always held back.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet

from mlcore.reading.engine import NOT_A_DIGIT
from mlcore.training.datasets.shares import limit_each
from recognizer.models import Audit, Correction
from recognizer.models.upload import REVIEWED_KINDS
from recognizer.queries.selectors import newest_correction_of
from recognizer.services.history.training_labels import TrainingLabel, training_labels_of
from recognizer.services.learning.compared_pictures import (
    UnreviewedDigit,
    find_compared_pictures,
    unreviewed_digits_of,
)
from recognizer.services.learning.consent import people_with_training_consent
from recognizer.services.learning.reviewed_numbers import (
    FEWEST_CORRECTED,
    MAX_HELD_BACK,
    MAX_LEARNT,
    ReviewedNumber,
    reviewed_numbers_of,
)
from recognizer.services.learning.sides import is_held_back, place_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlcore.training.datasets.mnist import Digits
    from mlcore.training.evaluation.held_back import HeldBack


@dataclass(frozen=True, slots=True)
class ReviewedDigit:
    """One digit that a person confirmed or corrected."""

    owner_id: int
    upload_id: UUID
    number: int
    label: int  # 0..10
    input: bytes
    is_corrected: bool
    audited: float  # the inverse of the probability with which its picture was audited; 0: it was not
    is_held_back: bool


Reviewed = TypeVar("Reviewed", ReviewedDigit, ReviewedNumber)


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of what a training learns from, for its row and the card. Nobody is named."""

    digits: int
    pictures: int
    people: int
    held_back_digits: int
    held_back_pictures: int
    numbers: int  # pictures of numbers, for the line network
    held_back_numbers: int
    is_limited: bool  # a person's share of the digits was limited

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def of_held_back(self) -> dict[str, Any]:
        """Return what is compared, without what is learnt."""
        return {name: number for name, number in self.as_dict().items() if name.startswith("held_back_")}


@dataclass(frozen=True)
class Selection:
    """The digits and numbers of a training on both sides."""

    learnt: "Digits"
    held_back: "HeldBack"
    numbers: tuple[ReviewedNumber, ...]  # that are learnt; empty where too few were corrected
    held_back_numbers: tuple[ReviewedNumber, ...]
    counts: Counts
    people: frozenset[int]  # keys of the accounts whose digits or numbers are on one of the sides


def count_reviewed_pictures() -> tuple[int, int]:
    """Return how many reviewed pictures there are with consent, and of how many people."""
    current = Correction.objects.filter(pk=newest_correction_of("upload").values("pk")[:1], kind__in=REVIEWED_KINDS)
    reviewed = current.filter(upload__owner__in=people_with_training_consent(), upload__deleted_at=None)
    reviewed = reviewed.exclude(upload__original="")
    return reviewed.count(), reviewed.values("upload__owner").distinct().count()


def select_digits(until: datetime) -> Selection:
    """Return what was reviewed at this time, so that a training which is resumed gets the same."""
    learnt: list[ReviewedDigit] = []
    held_back: list[ReviewedDigit] = []
    agreed = list(people_with_training_consent())
    compared = find_compared_pictures(agreed, until)
    for person in agreed:
        for digit in reviewed_digits_of(person, until):
            if not digit.is_held_back:
                learnt.append(digit)
            elif digit.upload_id in compared:
                held_back.append(digit)
    unreviewed = list(unreviewed_digits_of(compared, {digit.upload_id for digit in (*learnt, *held_back)}))
    limited = limit_shares(learnt, settings.TRAINING_PERSON_PERCENT / 100)
    numbers, held_back_numbers = select_numbers(until)
    counts = Counts(
        digits=len(limited),
        pictures=len({digit.upload_id for digit in limited}),
        people=len({digit.owner_id for digit in limited}),
        held_back_digits=len(held_back),
        held_back_pictures=len({digit.upload_id for digit in held_back}),
        numbers=len(numbers),
        held_back_numbers=len(held_back_numbers),
        is_limited=len(limited) < len(learnt),
    )
    people = {digit.owner_id for digit in (*limited, *held_back)} | {digit.owner_id for digit in unreviewed}
    people |= {number.owner_id for number in (*numbers, *held_back_numbers)}
    kept = _as_held_back(held_back, unreviewed)
    return Selection(_stack(limited), kept, numbers, held_back_numbers, counts, frozenset(people))


def select_numbers(until: datetime) -> tuple[tuple[ReviewedNumber, ...], tuple[ReviewedNumber, ...]]:
    """Return the numbers to learn from and those that are held back, or none where too few were corrected."""
    learnt: list[ReviewedNumber] = []
    held_back: list[ReviewedNumber] = []
    for person in people_with_training_consent():
        audited = set(_answered_audits_of(person).values_list("prediction__upload_id", flat=True))
        for number in reviewed_numbers_of(person, until):
            is_kept = number.upload_id in audited or is_held_back(number.upload_id)
            (held_back if is_kept else learnt).append(number)
    limited = limit_shares(learnt, settings.TRAINING_PERSON_PERCENT / 100)
    if sum(number.is_corrected for number in limited) < FEWEST_CORRECTED:
        return (), ()
    return _choose(limited, MAX_LEARNT), _choose(held_back, MAX_HELD_BACK)


def _choose(numbers: list[ReviewedNumber], most: int) -> tuple[ReviewedNumber, ...]:
    return tuple(sorted(numbers, key=lambda number: place_of(number.upload_id))[:most])


def reviewed_digits_of(person: User, until: datetime | None = None) -> Iterator[ReviewedDigit]:
    """Yield the digits of the person's confirmed and corrected pictures. Boxes that a person drew have no image."""
    probabilities = dict(_answered_audits_of(person).values_list("prediction__upload_id", "probability"))
    for label in training_labels_of(person, until):
        if label.glyph is not None:
            yield _as_digit(person, label, label.glyph.input, probabilities.get(label.upload_id))


def _answered_audits_of(person: User) -> QuerySet[Audit]:
    return Audit.objects.filter(owner=person, is_right__isnull=False)


def _as_digit(person: User, label: TrainingLabel, pixels: bytes, probability: float | None) -> ReviewedDigit:
    return ReviewedDigit(
        owner_id=person.pk,
        upload_id=label.upload_id,
        number=label.number,
        label=int(label.label) if label.label else NOT_A_DIGIT,
        input=pixels,
        is_corrected=label.kind != Correction.Kind.CONFIRM,
        audited=1 / probability if probability else 0.0,
        is_held_back=probability is not None or is_held_back(label.upload_id),
    )


def limit_shares(reviewed: list[Reviewed], share: float) -> list[Reviewed]:
    """Return what is learnt of what was reviewed: nobody gives more than this share where `limit_each` limits."""
    by_owner: dict[int, list[Reviewed]] = {}
    for each in sorted(reviewed, key=lambda each: (place_of(each.upload_id), each.number)):
        by_owner.setdefault(each.owner_id, []).append(each)
    limits = limit_each([len(own) for own in by_owner.values()], share)
    owned = zip(by_owner.values(), limits, strict=True)
    kept = {(each.upload_id, each.number) for own, limit in owned for each in own[:limit]}
    return [each for each in reviewed if (each.upload_id, each.number) in kept]


def _stack(digits: Sequence[ReviewedDigit]) -> "Digits":
    from mlcore.training.datasets.mnist import Digits

    return Digits(_images_of(digits), np.array([digit.label for digit in digits], np.uint8))


def _images_of(digits: Iterable[ReviewedDigit | UnreviewedDigit]) -> "NDArray[np.uint8]":
    return np.frombuffer(b"".join(digit.input for digit in digits), np.uint8).reshape(-1, 28, 28)


def _as_held_back(reviewed: Sequence[ReviewedDigit], unreviewed: Sequence[UnreviewedDigit]) -> "HeldBack":
    from mlcore.training.datasets.mnist import Digits
    from mlcore.training.evaluation.held_back import UNREVIEWED, HeldBack

    digits: list[ReviewedDigit | UnreviewedDigit] = [*reviewed, *unreviewed]
    numbers = {upload: number for number, upload in enumerate(dict.fromkeys(digit.upload_id for digit in digits))}
    labels = [digit.label for digit in reviewed] + [UNREVIEWED] * len(unreviewed)
    return HeldBack(
        Digits(_images_of(digits), np.array(labels, np.uint8)),
        pictures=np.array([numbers[digit.upload_id] for digit in digits], np.int64),
        corrected=np.array([digit.is_corrected for digit in reviewed] + [False] * len(unreviewed), np.bool_),
        audited=np.array([digit.audited for digit in digits], np.float64),
    )
