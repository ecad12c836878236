"""What people say is true of a picture. Rows are only ever appended, and the newest one counts.

Undo appends too: a row of kind `undo`, after which nothing stands; and where something stood before the row that is
taken back, that is said once more, so that the newest row always speaks for itself.
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
MOST_BOXES = 100

AGAIN = timedelta(microseconds=1)  # after an undo comes what it said once more: their moments must differ to order them

Box = tuple[int, int, int, int]  # x, y, width, height in the original's pixels


@dataclass(frozen=True, slots=True)
class Labelled:
    """One place in the picture and its digit; an empty label says that there is no digit."""

    box: Box
    label: str

    def as_json(self) -> dict[str, Any]:
        return {"box": list(self.box), "label": self.label}


def standing(corrections: Iterable[Correction]) -> Correction | None:
    """The one that counts, of an upload's corrections from the oldest to the newest."""
    newest = max(corrections, key=lambda correction: (correction.created_at, correction.pk), default=None)
    return None if newest is None or newest.kind == Correction.Kind.UNDO else newest


def spoken(rows: Sequence[Correction]) -> list[Correction]:
    """Of an upload's rows, from the oldest, those that somebody said: undo itself says once more what stood before."""
    before = [None, *rows]
    return [
        row
        for last, row in zip(before, rows, strict=False)
        if not (last and last.kind == Correction.Kind.UNDO and row.created_at - last.created_at == AGAIN)
    ]


def labels_of(prediction: Prediction, stands: Correction | None) -> list[Labelled]:
    """What is held to be true, box by box: the person's, or else the reader's. Nothing where somebody said a number and
    not where its digits stand."""
    if stands and (stands.boxes or stands.text):
        return [Labelled(tuple(item["box"]), item["label"]) for item in stands.boxes]
    is_none = stands is not None or not prediction.text  # what a rejected picture looks most like is no answer
    return [Labelled((g.x, g.y, g.width, g.height), "" if is_none else str(g.digit)) for g in prediction.glyphs.all()]


def correct(*, prediction: Prediction, by: User, kind: str, text: str = "") -> Correction:
    """One statement about the whole picture, checked and appended."""
    if kind == Correction.Kind.UNDO:
        return undo(prediction=prediction, by=by)
    stands = standing_of(prediction)
    return _append(_statement(prediction, by, kind, text, stands), stands)


def correct_each(predictions: Sequence[Prediction], *, by: User, kind: str, text: str = "") -> None:
    """The same statement about each; of predictions that come with their glyphs, by as many queries for many as for a
    few. All or none."""
    said: dict[UUID, list[Correction]] = {prediction.upload_id: [] for prediction in predictions}
    for row in Correction.objects.filter(upload__in=said):
        said[row.upload_id].append(row)
    new = []
    for prediction in predictions:
        stands = standing(said[prediction.upload_id])
        row = _statement(prediction, by, kind, text, stands)
        if not (stands and _says_the_same(row, stands)):
            new.append(row)
    Correction.objects.bulk_create(new)


def _statement(prediction: Prediction, by: User, kind: str, text: str, stands: Correction | None) -> Correction:
    """Not written yet."""
    if kind == Correction.Kind.CONFIRM:
        return _relabelled(prediction, by, labels_of(prediction, None), prediction.text)
    if kind == Correction.Kind.NOT_A_DIGIT:
        nothing = [Labelled(place.box, "") for place in labels_of(prediction, None)]
        return _relabelled(prediction, by, nothing, "")
    if not text:
        raise Problem("invalid", _("Enter the digits in the picture."))
    places = labels_of(prediction, stands)
    # The same number of digits are the same places; otherwise nobody has said where they are.
    places = [Labelled(p.box, t) for p, t in zip(places, text, strict=True)] if len(places) == len(text) else []
    return _relabelled(prediction, by, places, text)


def relabel(*, prediction: Prediction, by: User, labels: Sequence[Labelled]) -> Correction:
    row = _relabelled(prediction, by, labels, "".join(place.label for place in labels))
    return _append(row, standing_of(prediction))


def correct_glyphs(*, prediction: Prediction, by: User, labels: Mapping[int, str]) -> Correction:
    """Other digits in some places, or none (an empty label)."""
    places = labels_of(prediction, standing_of(prediction))
    for position, label in labels.items():
        places[position] = Labelled(_place(places, position).box, label)
    return relabel(prediction=prediction, by=by, labels=places)


def correct_labels(*, prediction: Prediction, by: User, labels: Sequence[str]) -> Correction:
    """The digits of all places at once."""
    places = labels_of(prediction, standing_of(prediction))
    if len(places) != len(labels):
        raise Problem("conflict", _("The boxes have changed in the meantime. Reload the page and try again."))
    return relabel(
        prediction=prediction,
        by=by,
        labels=[Labelled(place.box, label.strip()) for place, label in zip(places, labels, strict=True)],
    )


def split_box(*, prediction: Prediction, by: User, position: int, labels: str) -> Correction:
    """One place was two digits."""
    if not re.fullmatch(r"[0-9]{2}", labels):
        raise Problem("invalid", _("Enter two digits to split the box."))
    places = labels_of(prediction, standing_of(prediction))
    x, y, width, height = _place(places, position).box
    if width < 2:
        raise Problem("invalid", _("This box is too narrow to split."))
    half = width // 2
    places[position : position + 1] = [
        Labelled((x, y, half, height), labels[0]),
        Labelled((x + half, y, width - half, height), labels[1]),
    ]
    return relabel(prediction=prediction, by=by, labels=places)


def merge_boxes(*, prediction: Prediction, by: User, position: int, label: str) -> Correction:
    """This place and the next were one digit."""
    places = labels_of(prediction, standing_of(prediction))
    first, second = _place(places, position).box, _place(places, position + 1).box
    left, top = min(first[0], second[0]), min(first[1], second[1])
    right = max(first[0] + first[2], second[0] + second[2])
    bottom = max(first[1] + first[3], second[1] + second[3])
    places[position : position + 2] = [Labelled((left, top, right - left, bottom - top), label)]
    return relabel(prediction=prediction, by=by, labels=places)


def remove_box(*, prediction: Prediction, by: User, position: int) -> Correction:
    places = labels_of(prediction, standing_of(prediction))
    _place(places, position)
    del places[position]
    return relabel(prediction=prediction, by=by, labels=places)


def add_box(*, prediction: Prediction, by: User, box: Box, label: str) -> Correction:
    """A digit that the reader missed, put where it stands in the line."""
    stands = standing_of(prediction)
    places = [*labels_of(prediction, stands), Labelled(box, label)]
    if stands and stands.text and not stands.boxes:
        raise Problem(
            "conflict",
            _("The number %(text)s was corrected without boxes, so no box can be added. Undo the correction first.")
            % {"text": stands.text},
        )
    places.sort(key=lambda place: place.box[0] + place.box[2] / 2)
    return relabel(prediction=prediction, by=by, labels=places)


def undo(*, prediction: Prediction, by: User) -> Correction:
    """Take back what stands; what stood before it stands again."""
    with transaction.atomic():
        stack = _stack(prediction.upload.corrections.order_by("created_at", "id"))
        if not stack:
            raise Problem("conflict", _("There is no correction to undo."))
        undone = _append(_row(prediction, by, Correction.Kind.UNDO))
        if len(stack) == 1:
            return undone
        again = _row(prediction, by, stack[-2].kind, stack[-2].text, stack[-2].boxes)
        again.created_at = undone.created_at + AGAIN
        return _append(again)


def _stack(rows: Iterable[Correction]) -> list[Correction]:
    """What was said and not taken back. A row that repeats what stands (as undo writes it) adds nothing."""
    stack: list[Correction] = []
    for row in rows:
        if row.kind == Correction.Kind.UNDO:
            del stack[-1:]
        elif not (stack and _says_the_same(row, stack[-1])):
            stack.append(row)
    return stack


def _says_the_same(one: Correction, other: Correction) -> bool:
    return (one.kind, one.text, one.boxes) == (other.kind, other.text, other.boxes)


def standing_of(prediction: Prediction) -> Correction | None:
    return standing(prediction.upload.corrections.order_by("-created_at", "-id")[:1])


def _place(labels: Sequence[Labelled], position: int) -> Labelled:
    if not 0 <= position < len(labels):
        raise Problem("invalid", _("This box does not exist. Reload the page and try again."))
    return labels[position]


def _relabelled(prediction: Prediction, by: User, labels: Sequence[Labelled], text: str) -> Correction:
    _check(prediction, labels, text)
    boxes = [place.as_json() for place in labels]
    if text == prediction.text and labels == labels_of(prediction, None):
        kind = Correction.Kind.CONFIRM  # of a rejection as well
    elif not text:
        kind = Correction.Kind.NOT_A_DIGIT
    else:
        kind = Correction.Kind.CORRECT
    return _row(prediction, by, kind, text, boxes)


def _check(prediction: Prediction, labels: Sequence[Labelled], text: str) -> None:
    if not TEXT.fullmatch(text):
        raise Problem("invalid", _("Enter up to 100 digits from 0 to 9."))
    if len(labels) > MOST_BOXES or any(not LABEL.fullmatch(place.label) for place in labels):
        raise Problem("invalid", _("A box has one digit from 0 to 9, or none."))
    width, height = prediction.upload.width, prediction.upload.height
    for x, y, w, h in (place.box for place in labels):
        if not (x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= width and y + h <= height):
            raise Problem("invalid", _("The box must be inside the picture."))


def _row(
    prediction: Prediction, by: User, kind: str, text: str = "", boxes: Sequence[dict[str, Any]] = ()
) -> Correction:
    return Correction(upload=prediction.upload, prediction=prediction, by=by, kind=kind, text=text, boxes=list(boxes))


def _append(row: Correction, stands: Correction | None = None) -> Correction:
    if stands and _says_the_same(row, stands):
        return stands  # it has been said
    row.save(force_insert=True)
    return row
