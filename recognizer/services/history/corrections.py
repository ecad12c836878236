"""Corrections of predictions. Rows are only ever appended, and an upload's newest correction counts.

Undo appends too: first a row of kind `undo`, then, if an earlier correction applies again, a copy of that one. So the
newest row alone tells what currently counts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from recognizer.models import Correction, Prediction
from recognizer.problems import Problem

TEXT = re.compile(r"[0-9]{0,100}")
LABEL = re.compile(r"[0-9]?")
MAX_BOXES = 100

# The copy that an undo appends is this much newer than the undo: rows of the same time would have no order.
RESTORE_DELAY = timedelta(microseconds=1)

Box = tuple[int, int, int, int]  # x, y, width, height in the original's pixels


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A box of the picture and its digit. An empty label marks ink that is not a digit."""

    box: Box
    label: str

    def as_json(self) -> dict[str, Any]:
        return {"box": list(self.box), "label": self.label}


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


def labelled_boxes(prediction: Prediction, current: Correction | None) -> list[LabelledBox]:
    """Return the boxes and labels of the current correction, or of the prediction if there is none.

    The list is empty if the correction gives a text without the positions of its digits.
    """
    if current and (current.boxes or current.text):
        return [LabelledBox(tuple(item["box"]), item["label"]) for item in current.boxes]
    is_empty = current is not None or not prediction.text  # the digit of a rejected glyph is not an answer
    return [
        LabelledBox((g.x, g.y, g.width, g.height), "" if is_empty else str(g.digit)) for g in prediction.glyphs.all()
    ]


def correct(*, prediction: Prediction, by: User, kind: str, text: str = "") -> Correction:
    """Append a correction of the whole picture and return it."""
    if kind == Correction.Kind.UNDO:
        return undo(prediction=prediction, by=by)
    current = current_correction(prediction)
    return _append(_build_correction(prediction, by, kind, text, current), current)


def correct_each(predictions: Sequence[Prediction], *, by: User, kind: str, text: str = "") -> None:
    """Append the same correction to every prediction, or to none if one of them is invalid.

    The number of queries does not depend on the number of predictions if their glyphs are prefetched.
    """
    rows_by_upload: dict[UUID, list[Correction]] = {prediction.upload_id: [] for prediction in predictions}
    for row in Correction.objects.filter(upload__in=rows_by_upload):
        rows_by_upload[row.upload_id].append(row)
    new_rows = []
    for prediction in predictions:
        current = select_current(rows_by_upload[prediction.upload_id])
        row = _build_correction(prediction, by, kind, text, current)
        if not (current and _is_same(row, current)):
            new_rows.append(row)
    Correction.objects.bulk_create(new_rows)


def relabel(*, prediction: Prediction, by: User, labels: Sequence[LabelledBox]) -> Correction:
    """Append a correction with these boxes and labels and return it."""
    row = _build_row(prediction, by, labels, "".join(box.label for box in labels))
    return _append(row, current_correction(prediction))


def correct_glyphs(*, prediction: Prediction, by: User, labels: Mapping[int, str]) -> Correction:
    """Change the labels at the given positions. An empty label means that there is no digit."""
    boxes = labelled_boxes(prediction, current_correction(prediction))
    for position, label in labels.items():
        boxes[position] = LabelledBox(_box_at(boxes, position).box, label)
    return relabel(prediction=prediction, by=by, labels=boxes)


def correct_labels(*, prediction: Prediction, by: User, labels: Sequence[str]) -> Correction:
    """Change the labels of all boxes at once."""
    boxes = labelled_boxes(prediction, current_correction(prediction))
    if len(boxes) != len(labels):
        raise Problem("conflict", _("The boxes have changed in the meantime. Reload the page and try again."))
    return relabel(
        prediction=prediction,
        by=by,
        labels=[LabelledBox(box.box, label.strip()) for box, label in zip(boxes, labels, strict=True)],
    )


def split_box(*, prediction: Prediction, by: User, position: int, labels: str) -> Correction:
    """Split one box in the middle into two digits."""
    if not re.fullmatch(r"[0-9]{2}", labels):
        raise Problem("invalid", _("Enter two digits to split the box."))
    boxes = labelled_boxes(prediction, current_correction(prediction))
    x, y, width, height = _box_at(boxes, position).box
    if width < 2:
        raise Problem("invalid", _("This box is too narrow to split."))
    half = width // 2
    boxes[position : position + 1] = [
        LabelledBox((x, y, half, height), labels[0]),
        LabelledBox((x + half, y, width - half, height), labels[1]),
    ]
    return relabel(prediction=prediction, by=by, labels=boxes)


def merge_boxes(*, prediction: Prediction, by: User, position: int, label: str) -> Correction:
    """Replace a box and the next one with the box around both."""
    boxes = labelled_boxes(prediction, current_correction(prediction))
    first, second = _box_at(boxes, position).box, _box_at(boxes, position + 1).box
    left, top = min(first[0], second[0]), min(first[1], second[1])
    right = max(first[0] + first[2], second[0] + second[2])
    bottom = max(first[1] + first[3], second[1] + second[3])
    boxes[position : position + 2] = [LabelledBox((left, top, right - left, bottom - top), label)]
    return relabel(prediction=prediction, by=by, labels=boxes)


def remove_box(*, prediction: Prediction, by: User, position: int) -> Correction:
    boxes = labelled_boxes(prediction, current_correction(prediction))
    _box_at(boxes, position)
    del boxes[position]
    return relabel(prediction=prediction, by=by, labels=boxes)


def add_box(*, prediction: Prediction, by: User, box: Box, label: str) -> Correction:
    """Add a digit that the reader missed. Boxes are ordered by their horizontal centre."""
    current = current_correction(prediction)
    boxes = [*labelled_boxes(prediction, current), LabelledBox(box, label)]
    if current and current.text and not current.boxes:
        raise Problem(
            "conflict",
            _("The number %(text)s was corrected without boxes, so no box can be added. Undo the correction first.")
            % {"text": current.text},
        )
    boxes.sort(key=lambda labelled: labelled.box[0] + labelled.box[2] / 2)
    return relabel(prediction=prediction, by=by, labels=boxes)


def undo(*, prediction: Prediction, by: User) -> Correction:
    """Undo the current correction, so that the one before it counts again. Return the row that counts now."""
    with transaction.atomic():
        effective = _effective_corrections(prediction.upload.corrections.order_by("created_at", "id"))
        if not effective:
            raise Problem("conflict", _("There is no correction to undo."))
        undo_row = _append(_new_row(prediction, by, Correction.Kind.UNDO))
        if len(effective) == 1:
            return undo_row
        restored = _new_row(prediction, by, effective[-2].kind, effective[-2].text, effective[-2].boxes)
        restored.created_at = undo_row.created_at + RESTORE_DELAY
        return _append(restored)


def _effective_corrections(rows: Iterable[Correction]) -> list[Correction]:
    """Return the corrections that were not undone, oldest first, without repetitions such as the copies of undo."""
    effective: list[Correction] = []
    for row in rows:
        if row.kind == Correction.Kind.UNDO:
            del effective[-1:]
        elif not (effective and _is_same(row, effective[-1])):
            effective.append(row)
    return effective


def _is_same(one: Correction, other: Correction) -> bool:
    return (one.kind, one.text, one.boxes) == (other.kind, other.text, other.boxes)


def _box_at(boxes: Sequence[LabelledBox], position: int) -> LabelledBox:
    if not 0 <= position < len(boxes):
        raise Problem("invalid", _("This box does not exist. Reload the page and try again."))
    return boxes[position]


def _build_correction(prediction: Prediction, by: User, kind: str, text: str, current: Correction | None) -> Correction:
    """Return an unsaved correction of the whole picture."""
    if kind == Correction.Kind.CONFIRM:
        return _build_row(prediction, by, labelled_boxes(prediction, None), prediction.text)
    if kind == Correction.Kind.NOT_A_DIGIT:
        emptied = [LabelledBox(box.box, "") for box in labelled_boxes(prediction, None)]
        return _build_row(prediction, by, emptied, "")
    if not text:
        raise Problem("invalid", _("Enter the digits in the picture."))
    boxes = labelled_boxes(prediction, current)
    # The same number of digits keeps the boxes. For any other number the positions are unknown.
    boxes = [LabelledBox(b.box, label) for b, label in zip(boxes, text, strict=True)] if len(boxes) == len(text) else []
    return _build_row(prediction, by, boxes, text)


def _build_row(prediction: Prediction, by: User, labels: Sequence[LabelledBox], text: str) -> Correction:
    """Return an unsaved correction with the kind that follows from its text and labels. Raise a Problem if invalid."""
    _check(prediction, labels, text)
    boxes = [box.as_json() for box in labels]
    if text == prediction.text and labels == labelled_boxes(prediction, None):
        kind = Correction.Kind.CONFIRM  # also confirms a rejection
    elif not text:
        kind = Correction.Kind.NOT_A_DIGIT
    else:
        kind = Correction.Kind.CORRECT
    return _new_row(prediction, by, kind, text, boxes)


def _check(prediction: Prediction, labels: Sequence[LabelledBox], text: str) -> None:
    if not TEXT.fullmatch(text):
        raise Problem("invalid", _("Enter up to 100 digits from 0 to 9."))
    if len(labels) > MAX_BOXES or any(not LABEL.fullmatch(box.label) for box in labels):
        raise Problem("invalid", _("A box has one digit from 0 to 9, or none."))
    width, height = prediction.upload.width, prediction.upload.height
    for x, y, w, h in (labelled.box for labelled in labels):
        if not (x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= width and y + h <= height):
            raise Problem("invalid", _("The box must be inside the picture."))


def _new_row(
    prediction: Prediction, by: User, kind: str, text: str = "", boxes: Sequence[dict[str, Any]] = ()
) -> Correction:
    return Correction(upload=prediction.upload, prediction=prediction, by=by, kind=kind, text=text, boxes=list(boxes))


def _append(row: Correction, current: Correction | None = None) -> Correction:
    """Save the row and return it. Return the current correction instead if it is the same."""
    if current and _is_same(row, current):
        return current
    row.save(force_insert=True)
    return row
