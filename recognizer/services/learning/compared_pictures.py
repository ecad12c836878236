"""The pictures on which a comparison counts what two models read, and their digits that nobody reviewed.

Which pictures these are must not depend on whether somebody reviewed them: people review what was read wrongly, and
among such pictures every other model looks better. Nobody learns from unreviewed digits, and nobody is shown them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from uuid import UUID

from django.contrib.auth.models import User

from recognizer.models import Audit, Glyph
from recognizer.queries.selectors import uploads_for
from recognizer.services.history.training_labels import CHUNK_SIZE
from recognizer.services.learning.sides import is_held_back, place_of

MAX_PICTURES = 10_000  # beside the audited ones; with 14 digits each, both models take a minute of processor time


@dataclass(frozen=True, slots=True)
class UnreviewedDigit:
    """One digit of a picture that nobody reviewed."""

    owner_id: int
    upload_id: UUID
    input: bytes
    audited: float  # the inverse of the probability with which its picture was audited; 0: it was not


def find_compared_pictures(people: Iterable[User], until: datetime) -> dict[UUID, float]:
    """Return the keys of the compared pictures of people, reviewed or not, with the inverse probability of an audit.

    All audited pictures are compared, and of the others that are held back the first MAX_PICTURES by their places.
    """
    audited: dict[UUID, float] = {}
    others: list[UUID] = []
    for person in people:
        probabilities = dict(Audit.objects.filter(owner=person).values_list("prediction__upload_id", "probability"))
        given = uploads_for(person).exclude(original="").filter(created_at__lte=until)
        for key in given.values_list("pk", flat=True).iterator():
            if key in probabilities:
                audited[key] = 1 / probabilities[key]
            elif is_held_back(key):
                others.append(key)
    return audited | dict.fromkeys(nsmallest(MAX_PICTURES, others, key=place_of), 0.0)


def unreviewed_digits_of(compared: Mapping[UUID, float], reviewed: Collection[UUID]) -> Iterator[UnreviewedDigit]:
    """Yield the digits of the compared pictures that are not among the reviewed ones."""
    keys = [key for key in compared if key not in reviewed]
    for start in range(0, len(keys), CHUNK_SIZE):
        current = Glyph.objects.filter(
            prediction__upload__in=keys[start : start + CHUNK_SIZE], prediction__is_current=True
        ).exclude(input=b"")
        rows = current.order_by("prediction__upload_id", "position")
        for owner_id, key, pixels in rows.values_list("prediction__owner_id", "prediction__upload_id", "input"):
            yield UnreviewedDigit(owner_id, key, bytes(pixels), compared[key])
