"""A person's numbers: how many, how sure, how often corrected, and how often right where they said what is true."""

import time
from collections import defaultdict
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Avg, Count, Q

from recognizer import selectors
from recognizer.models import Correction, Prediction

SLOW_SECONDS = 0.05
KEPT_SECONDS = 60


@dataclass(frozen=True)
class Share:
    """How many of how many."""

    name: str
    part: int
    whole: int

    @property
    def value(self) -> float:
        return self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True)
class Statistics:
    count: int
    confidence: float
    decisions: tuple[Share, ...]
    corrected: Share
    right: Share
    digits: tuple[Share, ...]


def statistics_for(user: User) -> Statistics:
    """Of this moment, but where there is so much to count that nobody should wait for it: there up to a minute old."""
    key = f"statistics-{user.pk}"
    kept = cache.get(key)
    if kept is None:
        started = time.monotonic()
        kept = count_all(user)
        if time.monotonic() - started > SLOW_SECONDS:
            cache.set(key, kept, KEPT_SECONDS)
    return kept  # type: ignore[no-any-return]


def count_all(user: User) -> Statistics:
    current = selectors.predictions_for(user).filter(is_current=True)
    of = {decision: Count("pk", filter=Q(decision=decision)) for decision in Prediction.Decision.values}
    answered = ~Q(decision=Prediction.Decision.REJECTED)
    counts = current.aggregate(count=Count("pk"), confidence=Avg("confidence", filter=answered), **of)
    said = said_by(user)
    pairs = [(read, true) for kind, true, read in said.values() if kind != Correction.Kind.UNDO]
    changed = sum(kind in (Correction.Kind.CORRECT, Correction.Kind.NOT_A_DIGIT) for kind, _, _ in said.values())
    return Statistics(
        count=counts["count"],
        confidence=counts["confidence"] or 0.0,
        decisions=tuple(Share(name, counts[name], counts["count"]) for name in Prediction.Decision.values),
        corrected=Share("corrected", changed, counts["count"]),
        right=Share("right", sum(read == true for read, true in pairs), len(pairs)),
        digits=by_digit(pairs),
    )


def said_by(user: User) -> dict[object, tuple[str, str, str]]:
    """Per upload its newest correction: kind, text, and what the current answer reads."""
    rows = Correction.objects.filter(
        prediction__owner=user, upload__deleted_at=None, upload__predictions__is_current=True
    ).order_by("created_at", "id")
    values = rows.values_list("upload", "kind", "text", "upload__predictions__text")
    return {upload: (kind, text, read) for upload, kind, text, read in values}


def by_digit(pairs: list[tuple[str, str]]) -> tuple[Share, ...]:
    """Of each true digit, how often it was read as itself; in a number of another length nothing is right."""
    right: dict[str, int] = defaultdict(int)
    all_of: dict[str, int] = defaultdict(int)
    for read, true in pairs:
        for place, digit in enumerate(true):
            all_of[digit] += 1
            right[digit] += len(read) == len(true) and read[place] == digit
    return tuple(Share(str(digit), right[str(digit)], all_of[str(digit)]) for digit in range(10))
