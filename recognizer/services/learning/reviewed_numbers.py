"""The numbers that a training may teach the line network: lines whose text a person confirmed or corrected."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef

from mlcore.reading.result import Box, Mode
from recognizer.models import Correction, Prediction, Upload
from recognizer.models.upload import NUMBER_KINDS
from recognizer.queries.selectors import uploads_for
from recognizer.services.history.current_corrections import select_current
from recognizer.services.history.training_labels import CHUNK_SIZE

if TYPE_CHECKING:
    from mlcore.training.datasets.reviewed_strips import NumberPicture

FEWEST_DIGITS = 2  # of each line; one digit alone is left to the digit network
FEWEST_CORRECTED = 5  # numbers that teach; with fewer the line network is copied
MAX_LEARNT, MAX_HELD_BACK = 1_000, 300  # pictures, so that a training takes minutes


@dataclass(frozen=True, slots=True)
class ReviewedNumber:
    """A picture with the number that a person confirmed or corrected."""

    owner_id: int
    upload_id: UUID
    number: int  # of the digit, where a picture has several; a number is one
    mode: str
    written: str
    boxes: tuple[Box, ...]  # of its digits, where they are known
    is_corrected: bool


def reviewed_numbers_of(person: User, until: datetime) -> Iterator[ReviewedNumber]:
    """Yield the numbers of the person's pictures by the corrections that were current at this time."""
    may_be_number = Exists(Correction.objects.filter(upload=OuterRef("pk"), text__regex=r"[0-9]{2}"))
    uploads = uploads_for(person).exclude(original="").filter(may_be_number).order_by("created_at", "id")
    keys = uploads.values_list("pk", flat=True).iterator(chunk_size=CHUNK_SIZE)
    while chunk := list(islice(keys, CHUNK_SIZE)):
        rows: dict[UUID, list[Any]] = {key: [] for key in chunk}
        for row in Correction.objects.filter(upload__in=chunk, created_at__lte=until).select_related("prediction"):
            rows[row.upload_id].append(row)
        for key in chunk:
            current = select_current(rows[key])
            if current and is_number(current):
                yield _as_number(person, current)


def is_number(correction: Correction) -> bool:
    """Return whether the text of the correction is certain to be what is written, signs included.

    Somebody who gives only the digits of a number says nothing of its signs. Where the number of digits stayed, the
    signs of the answer were kept; else it is not known whether there are signs.
    """
    answer = correction.prediction
    if answer.mode == Prediction.Mode.DIGIT or correction.kind not in NUMBER_KINDS:
        return False
    if any(len(re.findall("[0-9]", line)) < FEWEST_DIGITS for line in correction.written.split("\n")):
        return False
    lost_signs = bool(answer.signed_text) and not correction.signed_text
    return not lost_signs or len(answer.text) == len(correction.text)


def _as_number(person: User, correction: Correction) -> ReviewedNumber:
    return ReviewedNumber(
        owner_id=person.pk,
        upload_id=correction.upload_id,
        number=1,
        mode=correction.prediction.mode,
        written=correction.written,
        boxes=tuple(Box(*item["box"]) for item in correction.boxes if item["label"]),
        is_corrected=correction.written != correction.prediction.written,
    )


def open_pictures(numbers: Iterable[ReviewedNumber]) -> Iterator["NumberPicture"]:
    """Yield the pictures of the numbers, without those that were deleted meanwhile."""
    from mlcore.training.datasets.reviewed_strips import NumberPicture

    for number in numbers:
        upload = Upload.objects.filter(pk=number.upload_id, deleted_at=None).exclude(original="").first()
        if upload is None:
            continue
        try:
            with upload.original.open("rb") as file:
                data = file.read()
        except FileNotFoundError:
            continue
        yield NumberPicture(data, cast("Mode", number.mode), number.written, number.boxes)
