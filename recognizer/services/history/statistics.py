"""Statistics of an owner's predictions: number, confidence, corrections, and accuracy on corrected pictures."""

import time
from collections import defaultdict
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Avg, Count, Max, Q

from mlcore.reading.written import digits_of
from recognizer.models import Correction, Prediction
from recognizer.queries import selectors

SLOW_SECONDS = 0.05
CACHED_SECONDS = 60


@dataclass(frozen=True)
class Share:
    """A named part of a whole."""

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
    """Return the owner's statistics. If counting is slow, they are cached for a minute, or until a deletion."""
    # No process can clear the caches of the others, so the key tells what has been deleted.
    deleted = selectors.deleted_uploads_for(user).aggregate(count=Count("pk"), last=Max("deleted_at"))
    key = f"statistics-{user.pk}-{deleted['count']}-{deleted['last'] and deleted['last'].timestamp()}"
    statistics = cache.get(key)
    if statistics is None:
        started = time.monotonic()
        statistics = compute_statistics(user)
        if time.monotonic() - started > SLOW_SECONDS:
            cache.set(key, statistics, CACHED_SECONDS)
    return statistics  # type: ignore[no-any-return]


def count_unreviewed(user: User) -> int:
    """Return how many unsure answers the review queue holds. It is never cached: each review makes it one less."""
    return selectors.unsure_answers_for(user).count()


def compute_statistics(user: User) -> Statistics:
    current = selectors.predictions_for(user).filter(is_current=True)
    by_decision = {decision: Count("pk", filter=Q(decision=decision)) for decision in Prediction.Decision.values}
    not_rejected = ~Q(decision=Prediction.Decision.REJECTED)
    counts = current.aggregate(count=Count("pk"), confidence=Avg("confidence", filter=not_rejected), **by_decision)
    corrections = newest_corrections(user)
    pairs = [(read, true) for kind, true, read in corrections.values() if kind != Correction.Kind.UNDO]
    changed = sum(kind in (Correction.Kind.CORRECT, Correction.Kind.NOT_A_DIGIT) for kind, _, _ in corrections.values())
    return Statistics(
        count=counts["count"],
        confidence=counts["confidence"] or 0.0,
        decisions=tuple(Share(name, counts[name], counts["count"]) for name in Prediction.Decision.values),
        corrected=Share("corrected", changed, counts["count"]),
        right=Share("right", sum(read == true for read, true in pairs), len(pairs)),
        digits=accuracy_by_digit(pairs),
    )


def newest_corrections(user: User) -> dict[object, tuple[str, str, str]]:
    """Return the newest correction of each upload: its kind, its number, and that of the current prediction."""
    rows = Correction.objects.filter(
        prediction__owner=user, upload__deleted_at=None, upload__predictions__is_current=True
    ).order_by("created_at", "id")
    read = selectors.written_form("upload__predictions__")
    values = rows.values_list("upload", "kind", selectors.written_form(), read)
    return {upload: (kind, text, read) for upload, kind, text, read in values}


def accuracy_by_digit(pairs: list[tuple[str, str]]) -> tuple[Share, ...]:
    """Return for each true digit how often it was read correctly. Texts of different lengths count as all wrong."""
    right: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for read, true in ((digits_of(read), digits_of(true)) for read, true in pairs):
        for place, digit in enumerate(true):
            total[digit] += 1
            right[digit] += len(read) == len(true) and read[place] == digit
    return tuple(Share(str(digit), right[str(digit)], total[str(digit)]) for digit in range(10))
