"""The correction of an upload that counts. Rows are only ever appended, and the newest one counts.

Undo appends too: first a row of kind `undo`, then, if an earlier correction applies again, a copy of that one. So the
newest row alone tells what currently counts.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from recognizer.models import Correction, Prediction

# The copy that an undo appends is this much newer than the undo: rows of the same time would have no order.
RESTORE_DELAY = timedelta(microseconds=1)


def current_correction(prediction: Prediction) -> Correction | None:
    """Return the correction that counts for the prediction's upload, or None."""
    return select_current(prediction.upload.corrections.order_by("-created_at", "-id")[:1])


def select_current(corrections: Iterable[Correction]) -> Correction | None:
    """Return the newest of an upload's corrections, or None if it is an undo."""
    newest = max(corrections, key=lambda correction: (correction.created_at, correction.pk), default=None)
    return None if newest is None or newest.kind == Correction.Kind.UNDO else newest


def entered_corrections(rows: Sequence[Correction]) -> list[Correction]:
    """Return the corrections that people entered, without the copies that undo appended. Rows come oldest first."""
    previous_rows = [None, *rows]
    return [
        row
        for previous, row in zip(previous_rows, rows, strict=False)
        if not (
            previous and previous.kind == Correction.Kind.UNDO and row.created_at - previous.created_at == RESTORE_DELAY
        )
    ]


def is_affirmed(rows: Iterable[Correction]) -> bool:
    """Return whether the newest of an upload's corrections repeats the one before it."""
    newest = sorted(rows, key=lambda row: (row.created_at, row.pk))[-2:]
    return len(newest) == 2 and (newest[0].kind, newest[0].boxes) == (newest[1].kind, newest[1].boxes)


def effective_corrections(rows: Iterable[Correction]) -> list[Correction]:
    """Return the corrections that were not undone, oldest first, without repetitions such as the copies of undo."""
    effective: list[Correction] = []
    for row in rows:
        if row.kind == Correction.Kind.UNDO:
            del effective[-1:]
        elif not (effective and is_same(row, effective[-1])):
            effective.append(row)
    return effective


def is_same(one: Correction, other: Correction) -> bool:
    return (one.kind, one.written, one.boxes) == (other.kind, other.written, other.boxes)
