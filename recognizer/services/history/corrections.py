"""Corrections of predictions: each is checked and appended. `current_corrections.py` tells which one counts."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from mlcore.reading.result import MAX_GLYPHS
from mlcore.reading.written import digits_of
from recognizer.models import Correction, Prediction
from recognizer.models.prediction import DIGITS_PATTERN, MAX_TEXT
from recognizer.problems import Problem
from recognizer.services.history.correction_lock import lock_corrections, one_at_a_time
from recognizer.services.history.current_corrections import (
    RESTORE_DELAY,
    current_correction,
    effective_corrections,
    is_same,
    select_current,
)
from recognizer.services.history.labelled_boxes import (
    Box,
    LabelledBox,
    change_label,
    insert,
    labelled_boxes,
    merge,
    place_digits,
    remove,
    split,
    write_labels,
)
from recognizer.services.history.typed_numbers import parse_written
from recognizer.services.quality.verdicts import note_corrections
from recognizer.services.space.quotas import add_to_uploads
from recognizer.services.space.reservation import reserve_space
from recognizer.services.space.sizes import correction_bytes

LABEL = re.compile(r"[0-9]?")
MAX_BOXES = MAX_GLYPHS


@one_at_a_time
def correct(*, prediction: Prediction, by: User, kind: str, text: str = "", written: str = "") -> Correction:
    """Append a correction of the whole picture and return it.

    `written` is the number with its signs. `text` gives only the digits: where their number is the same, the
    signs between them stay.
    """
    if kind == Correction.Kind.UNDO:
        return undo(prediction=prediction, by=by)
    current = current_correction(prediction)
    return _append(_build_correction(prediction, by, kind, current, text=text, written=written), current)


def correct_each(predictions: Sequence[Prediction], *, by: User, kind: str, written: str = "") -> None:
    """Append the same correction to every prediction, or to none if one of them is invalid.

    The number of queries does not depend on the number of predictions if their glyphs are prefetched.
    """
    with lock_corrections({prediction.owner_id for prediction in predictions}):
        rows_by_upload: dict[UUID, list[Correction]] = {prediction.upload_id: [] for prediction in predictions}
        for row in Correction.objects.filter(upload__in=rows_by_upload):
            rows_by_upload[row.upload_id].append(row)
        new_rows = []
        for prediction in predictions:
            current = select_current(rows_by_upload[prediction.upload_id])
            row = _build_correction(prediction, by, kind, current, written=written)
            if not (current and is_same(row, current)):
                new_rows.append(row)
        _save_rows(new_rows)


def relabel(*, prediction: Prediction, by: User, labels: Sequence[LabelledBox]) -> Correction:
    """Append a correction with these boxes and labels and return it."""
    return _append(_build_row(prediction, by, labels, write_labels(labels)), current_correction(prediction))


@one_at_a_time
def correct_glyphs(*, prediction: Prediction, by: User, labels: Mapping[int, str], seen: str = "") -> Correction:
    """Change the labels at the given positions. An empty label means that there is no digit."""
    boxes = _boxes_seen(prediction, seen)
    for position, label in labels.items():
        _require_box(boxes, position)
        boxes = change_label(boxes, position, label)
    return relabel(prediction=prediction, by=by, labels=boxes)


@one_at_a_time
def correct_read_glyphs(*, prediction: Prediction, by: User, labels: Mapping[int, str]) -> Correction:
    """Change the labels of glyphs that were read. An empty label means that there is no digit.

    A glyph keeps its position, but its box gets another number when a person adds, splits or removes boxes.
    """
    read = labelled_boxes(prediction, None)
    boxes = current_boxes(prediction)
    places = [each.box for each in boxes]
    for position, label in labels.items():
        if position >= len(read):
            raise Problem("invalid", "There is no glyph with this position.")
        if read[position].box not in places:
            raise Problem("conflict", "The boxes have been changed. Send the whole text.")
        boxes = change_label(boxes, places.index(read[position].box), label)
    return relabel(prediction=prediction, by=by, labels=boxes)


@one_at_a_time
def correct_labels(*, prediction: Prediction, by: User, labels: Sequence[str]) -> Correction:
    """Change the labels of all boxes at once."""
    boxes = current_boxes(prediction)
    if len(boxes) != len(labels):
        raise Problem("conflict", _("The boxes have changed in the meantime. Reload the page and try again."))
    for position, label in enumerate(labels):
        boxes = change_label(boxes, position, label.strip())
    return relabel(prediction=prediction, by=by, labels=boxes)


@one_at_a_time
def correct_number(
    *, prediction: Prediction, by: User, written: str, labels: Sequence[str], shown: str = ""
) -> Correction:
    """Append the number of a form that has one field for all of it and one for each digit.

    If the whole number is as the form has shown it, the digits count. The number that counts by now may be another one:
    after a second click, or after somebody else's correction.
    """
    if not shown:
        current = current_correction(prediction)
        shown = current.written if current else prediction.written
    if labels and parse_written(written) == parse_written(shown):
        return correct_labels(prediction=prediction, by=by, labels=labels)
    return correct(prediction=prediction, by=by, kind=Correction.Kind.CORRECT, written=written)


@one_at_a_time
def split_box(*, prediction: Prediction, by: User, position: int, labels: str, seen: str = "") -> Correction:
    """Split one box in the middle into two digits."""
    if not re.fullmatch(r"[0-9]{2}", labels):
        raise Problem("invalid", _("Enter two digits to split the box."))
    boxes = _boxes_seen(prediction, seen)
    _require_box(boxes, position)
    if boxes[position].box[2] < 2:
        raise Problem("invalid", _("This box is too narrow to split."))
    return relabel(prediction=prediction, by=by, labels=split(boxes, position, labels))


@one_at_a_time
def merge_boxes(*, prediction: Prediction, by: User, position: int, label: str, seen: str = "") -> Correction:
    """Replace a box and the next one with the box around both."""
    boxes = _boxes_seen(prediction, seen)
    _require_box(boxes, position)
    _require_box(boxes, position + 1)
    return relabel(prediction=prediction, by=by, labels=merge(boxes, position, label))


@one_at_a_time
def remove_box(*, prediction: Prediction, by: User, position: int, seen: str = "") -> Correction:
    boxes = _boxes_seen(prediction, seen)
    _require_box(boxes, position)
    return relabel(prediction=prediction, by=by, labels=remove(boxes, position))


@one_at_a_time
def add_box(*, prediction: Prediction, by: User, box: Box, label: str, seen: str = "") -> Correction:
    """Add a digit that the reader missed. Boxes are ordered by their line, then by their horizontal centre."""
    current = current_correction(prediction)
    _require_seen(current, seen)
    if current and current.text and not current.boxes:
        raise Problem(
            "conflict",
            _("The number %(text)s was corrected without boxes, so no box can be added. Undo the correction first.")
            % {"text": current.written},
        )
    return relabel(prediction=prediction, by=by, labels=insert(labelled_boxes(prediction, current), box, label))


def current_boxes(prediction: Prediction) -> list[LabelledBox]:
    return labelled_boxes(prediction, current_correction(prediction))


@one_at_a_time
def undo(*, prediction: Prediction, by: User) -> Correction:
    """Undo the current correction, so that the one before it counts again. Return the row that counts now."""
    with transaction.atomic():
        effective = effective_corrections(prediction.upload.corrections.order_by("created_at", "id"))
        if not effective:
            raise Problem("conflict", _("There is no correction to undo."))
        rows = [_new_row(prediction, by, Correction.Kind.UNDO)]
        if len(effective) > 1:
            restored = _new_row(prediction, by, effective[-2].kind, effective[-2].written, effective[-2].boxes)
            restored.created_at = rows[0].created_at + RESTORE_DELAY
            rows.append(restored)
        _save_rows(rows)
        return rows[-1]


@one_at_a_time
def affirm(*, prediction: Prediction, by: User) -> Correction:
    """Append the current correction once more, because its author has looked again and it is right."""
    current = current_correction(prediction)
    if current is None:
        raise Problem("conflict", _("There is no correction to keep."))
    return _append(_new_row(prediction, by, current.kind, current.written, current.boxes))


def _boxes_seen(prediction: Prediction, seen: str) -> list[LabelledBox]:
    """Return the boxes that count, if the person has seen them: a position may mean another box by now."""
    current = current_correction(prediction)
    _require_seen(current, seen)
    return labelled_boxes(prediction, current)


def _require_seen(current: Correction | None, seen: str) -> None:
    """Raise a Problem if another correction counts than the one whose key was seen, or "none"."""
    if seen and seen != (str(current.pk) if current else "none"):
        raise Problem("conflict", _("The boxes have changed in the meantime. Reload the page and try again."))


def _require_box(boxes: Sequence[LabelledBox], position: int) -> None:
    if not 0 <= position < len(boxes):
        raise Problem("invalid", _("This box does not exist. Reload the page and try again."))


def _build_correction(
    prediction: Prediction, by: User, kind: str, current: Correction | None, *, text: str = "", written: str = ""
) -> Correction:
    """Return an unsaved correction of the whole picture."""
    if kind == Correction.Kind.CONFIRM:
        return _build_row(prediction, by, labelled_boxes(prediction, None), prediction.written)
    if kind == Correction.Kind.NOT_A_DIGIT:
        emptied = [LabelledBox(box.box, "") for box in labelled_boxes(prediction, None)]
        return _build_row(prediction, by, emptied, "")
    boxes = labelled_boxes(prediction, current)
    if not re.fullmatch(DIGITS_PATTERN, text) or len(text) > MAX_TEXT:
        raise Problem("invalid", _("Enter only digits from 0 to 9."))
    written = parse_written(written) or _sign_digits(text, current.written if current else prediction.written)
    if not written:
        raise Problem("invalid", _("Enter the number in the picture."))
    # The same number of digits keeps the boxes. For any other number the positions are unknown.
    return _build_row(prediction, by, place_digits([each.box for each in boxes], written), written)


def _sign_digits(text: str, written: str) -> str:
    """Return the digits with the signs of a written form that has as many digits, or else without signs."""
    digits = iter(text.replace("\n", ""))
    has_same_lines = [len(line) for line in text.split("\n")] == [len(line) for line in digits_of(written).split("\n")]
    return re.sub("[0-9]", lambda _digit: next(digits), written) if has_same_lines else text


def _build_row(prediction: Prediction, by: User, labels: Sequence[LabelledBox], written: str) -> Correction:
    """Return an unsaved correction with the kind that follows from its number and labels.

    Raise a Problem if a label is not a digit or a box is not inside the picture.
    """
    _check(prediction, labels)
    boxes = [box.as_json() for box in labels]
    if written == prediction.written and labels == labelled_boxes(prediction, None):
        kind = Correction.Kind.CONFIRM  # also confirms a rejection
    elif not written:
        kind = Correction.Kind.NOT_A_DIGIT
    else:
        kind = Correction.Kind.CORRECT
    return _new_row(prediction, by, kind, written, boxes)


def _check(prediction: Prediction, labels: Sequence[LabelledBox]) -> None:
    if len(labels) > MAX_BOXES or any(not LABEL.fullmatch(box.label) for box in labels):
        raise Problem("invalid", _("A box has one digit from 0 to 9, or none."))
    width, height = prediction.upload.width, prediction.upload.height
    for x, y, w, h in (labelled.box for labelled in labels):
        if not (x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= width and y + h <= height):
            raise Problem("invalid", _("The box must be inside the picture."))


def _new_row(
    prediction: Prediction, by: User, kind: str, written: str = "", boxes: Sequence[dict[str, Any]] = ()
) -> Correction:
    text = digits_of(written)
    return Correction(
        upload=prediction.upload,
        prediction=prediction,
        by=by,
        kind=kind,
        text=text,
        signed_text=written if written != text else "",
        boxes=list(boxes),
    )


def _append(row: Correction, current: Correction | None = None) -> Correction:
    """Save the row and return it. Return the current correction instead if it is the same."""
    if current and is_same(row, current):
        return current
    _save_rows([row])
    return row


def _save_rows(rows: Sequence[Correction]) -> None:
    """Save corrections, book their size and answer audits. Raise Problem if the quota of the owner is used up.

    Of two corrections of a picture, the last one answers its audits.
    """
    sizes: dict[int, Counter[UUID]] = {}
    for row in rows:
        sizes.setdefault(row.prediction.owner_id, Counter())[row.upload_id] += correction_bytes(row)
    with transaction.atomic():
        for owner_id, of_owner in sorted(sizes.items()):
            reserve_space(owner_id, pictures=0, size=sum(of_owner.values()))
            add_to_uploads(of_owner)
        note_corrections(rows)
        Correction.objects.bulk_create(rows)
