"""The digits of held-back pictures that nobody reviewed: a comparison counts those that a candidate reads differently.

Nobody learns from them, and nobody is shown them.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from uuid import UUID

from django.contrib.auth.models import User

from recognizer.models import Audit, Glyph
from recognizer.selectors import uploads_for
from recognizer.services.history.training_labels import CHUNK_SIZE
from recognizer.services.learning.sides import is_held_back, place_of

MAX_PICTURES = 2_000  # beside the audited ones, so that a comparison takes seconds


@dataclass(frozen=True, slots=True)
class UnreviewedDigit:
    """One digit of a picture that nobody reviewed."""

    owner_id: int
    upload_id: UUID
    input: bytes
    weight: float  # the number of such pictures that this one stands for
    audited: float  # the inverse of the probability with which its picture was audited; 0: it was not


def unreviewed_digits_of(
    people: Iterable[User], reviewed: Collection[UUID], until: datetime
) -> Iterator[UnreviewedDigit]:
    """Yield the digits of the people's held-back pictures that are not among the reviewed ones.

    Of more than MAX_PICTURES the keys choose some, and these stand for all of them. Audited ones are all there.
    """
    audited: dict[UUID, float] = {}
    others: list[UUID] = []
    for person in people:
        probabilities = dict(Audit.objects.filter(owner=person).values_list("prediction__upload_id", "probability"))
        given = uploads_for(person).exclude(original="").filter(created_at__lte=until)
        for key in given.values_list("pk", flat=True).iterator():
            if key in reviewed:
                continue
            if key in probabilities:
                audited[key] = 1 / probabilities[key]
            elif is_held_back(key):
                others.append(key)
    chosen = nsmallest(MAX_PICTURES, others, key=place_of)
    weights = dict.fromkeys(audited, 1.0) | dict.fromkeys(chosen, len(others) / max(len(chosen), 1))
    keys = list(weights)
    for start in range(0, len(keys), CHUNK_SIZE):
        current = Glyph.objects.filter(
            prediction__upload__in=keys[start : start + CHUNK_SIZE], prediction__is_current=True
        ).exclude(input=b"")
        rows = current.order_by("prediction__upload_id", "position")
        for owner_id, key, pixels in rows.values_list("prediction__owner_id", "prediction__upload_id", "input"):
            yield UnreviewedDigit(owner_id, key, bytes(pixels), weights[key], audited.get(key, 0.0))
