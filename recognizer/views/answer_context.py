"""The context of the pages of an answer, part by part: marks, digits, lines, corrections and the picture."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from mlcore.reading.expectations.expectation import bare_digits
from recognizer.forms.corrections import BOX_FIELDS
from recognizer.models import Correction, Glyph, Prediction
from recognizer.models.stored_readings import AnswerLine, lines_of, unread_boxes, unread_of
from recognizer.services.history.current_corrections import entered_corrections, select_current
from recognizer.services.registry.thresholds import sure_rule, threshold_of
from recognizer.views.corrections import box_values, split_lines
from recognizer.words.answers import find_doubtful, in_one_line, line_doubt, split_likely
from recognizer.words.expectations import find_misfits

MAX_CARDS = 60  # of the digits of a picture
WIDE = 3.5  # a picture that is so many times as wide as high stands above the answer, not beside it
MAX_DOUBTS = 3  # lines whose doubts are told
OPEN_CARDS = 6  # of a longer number, the least certain digits are shown, and the others are folded


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks in an answer until somebody corrects it, and the digits that link to their reasons in sight."""

    doubtful: int | None  # the position of the least certain digit
    unsure_lines: list[int]  # the numbers of the lines that are not sure, where there are several lines
    unsure_digits: set[int]
    in_question: set[int | None]


@dataclass(frozen=True, slots=True)
class GlyphCard:
    """A digit as the page explains it."""

    glyph: Glyph
    line: int | None  # its number, where there are several
    is_doubtful: bool
    is_unsure: bool
    is_in_question: bool
    likely: list[tuple[int, float]]
    unlikely: list[tuple[int, float]]


def prediction_context(
    prediction: Prediction, *, hides_decision: bool = False, is_uncorrected: bool = False
) -> dict[str, Any]:
    """Return what the templates need to show a prediction with its corrections, of which it may be known to have none.

    Where the decision is hidden, the least certain digit is marked in sure answers, too.
    """
    own_corrections = prediction.upload.corrections.select_related("by").order_by("created_at", "id")
    rows = [] if is_uncorrected else list(own_corrections)
    current = select_current(rows)
    # Fetched once, for the boxes as well. The inputs are left out: they are pictures with their own addresses.
    prefetch_related_objects([prediction], Prefetch("glyphs", Glyph.objects.defer("input")))
    glyphs = list(prediction.glyphs.all())
    lines = lines_of(prediction, glyphs)
    marks = find_marks(glyphs, lines, current, hides_decision=hides_decision)
    return {
        "prediction": prediction,
        "glyphs": glyphs,
        "hides_decision": hides_decision,
        "sure_from": None if hides_decision else threshold_of(prediction),
        "sure_rule": sure_rule(prediction) if prediction.text and not hides_decision else None,
        "json_url": prediction_url("upload_answer", prediction),
        **lines_context(prediction, lines, marks),
        **cards_context(glyphs, lines, marks),
        **corrections_context(prediction, rows, current, lines),
        **picture_context(prediction, current, marks),
    }


def find_marks(
    glyphs: Sequence[Glyph], lines: Sequence[AnswerLine], current: Correction | None, *, hides_decision: bool
) -> Marks:
    doubtful = None if current else find_doubtful(lines, is_any_marked=hides_decision)
    is_marked = not current and not hides_decision and len(lines) > 1
    unsure_lines = [
        number for number, line in enumerate(lines, 1) if is_marked and line.decision == Prediction.Decision.UNSURE
    ]
    unsure = {position for position, number in enumerate(line_numbers(lines)) if number in unsure_lines}
    corrected = find_corrected(glyphs, current.written if current else "")
    return Marks(doubtful, unsure_lines, unsure, {doubtful, *corrected})


def line_numbers(lines: Sequence[AnswerLine]) -> list[int]:
    """Return the number of each digit's line, or nothing where there is only one line."""
    return [number for number, line in enumerate(lines, 1) for _glyph in line.glyphs] if len(lines) > 1 else []


def find_corrected(glyphs: Collection[Glyph], written: str) -> set[int]:
    """Return the positions of the digits that were read as others than a correction with as many digits says."""
    labels = bare_digits(written)
    if len(labels) != len(glyphs):
        return set()
    return {glyph.position for glyph, label in zip(glyphs, labels, strict=True) if str(glyph.digit) != label}


def lines_context(prediction: Prediction, lines: Sequence[AnswerLine], marks: Marks) -> dict[str, Any]:
    """Return what the page says of the lines that are not sure, or not as expected."""
    misfits = [
        misfit
        for line in lines
        if line.reason == "unexpected"
        for misfit in find_misfits(line.written, prediction.expected_fields, prediction.decimal_mark)
    ]
    return {
        "unsure_digits": marks.unsure_digits,
        "unsure_lines": marks.unsure_lines,
        "line_doubts": [line_doubt(number, lines[number - 1]) for number in marks.unsure_lines[:MAX_DOUBTS]],
        "misfits": list(dict.fromkeys(misfits)),
    }


def cards_context(glyphs: Sequence[Glyph], lines: Sequence[AnswerLine], marks: Marks) -> dict[str, Any]:
    cards, other_cards = glyph_cards(glyphs, line_numbers(lines), marks)
    return {
        "doubtful": marks.doubtful,
        "cards": cards,
        "other_cards": other_cards,
        "doubtful_card": next((card for card in [*cards, *other_cards] if card.is_doubtful), None),
    }


def glyph_cards(
    glyphs: Sequence[Glyph], numbers: Sequence[int], marks: Marks
) -> tuple[list[GlyphCard], list[GlyphCard]]:
    """Return the digits that the page explains one by one, and those that it folds, both in reading order.

    Of very many digits the least certain ones are explained. Where lines are unsure, only their digits are open. A
    digit in question, or a single one, links to the reasons in sight.
    """
    unsure = marks.unsure_digits
    ranked = sorted(glyphs, key=lambda glyph: (glyph.position not in unsure, glyph.confidence))[:MAX_CARDS]
    open_cards = {glyph.position for glyph in ranked[: min(OPEN_CARDS, len(unsure) or OPEN_CARDS)]}
    cards: list[GlyphCard] = []
    folded: list[GlyphCard] = []
    for glyph in sorted(ranked, key=lambda glyph: glyph.position):
        likely, unlikely = split_likely(glyph)
        card = GlyphCard(
            glyph=glyph,
            line=numbers[glyph.position] if numbers else None,
            is_doubtful=glyph.position == marks.doubtful,
            is_unsure=glyph.position in unsure,
            is_in_question=glyph.position in marks.in_question or len(glyphs) == 1,
            likely=likely,
            unlikely=unlikely,
        )
        (cards if glyph.position in open_cards else folded).append(card)
    return cards, folded


def corrections_context(
    prediction: Prediction, rows: list[Correction], current: Correction | None, lines: Sequence[AnswerLine]
) -> dict[str, Any]:
    """Return what is true by now, what people said of it, and the form for another correction."""
    written = current.written if current else prediction.written
    has_several_lines = "\n" in written or prediction.reason == "several_lines"
    return {
        "correction_history": entered_corrections(rows)[::-1],
        "current_correction": current,
        "current_written": written,
        "written_lines": written.split("\n") if current else lines,
        "title": in_one_line(written) or _("No digit"),
        "has_several_lines": has_several_lines,
        "has_signs": has_several_lines or bool(written.strip("0123456789")),
        "correct_url": prediction_url("upload_correct", prediction),
        "box_fields": BOX_FIELDS,
    }


def picture_context(prediction: Prediction, current: Correction | None, marks: Marks) -> dict[str, Any]:
    """Return the picture with the boxes over it."""
    upload = prediction.upload
    boxes = box_values(prediction, current, marks.doubtful, marks.unsure_digits)
    unread = unread_of(prediction)
    return {
        "upload": upload,
        "boxes": boxes,
        "box_lines": split_lines(boxes),
        "box_radius": max(upload.width, upload.height) // 100,
        "is_wide": upload.width > WIDE * upload.height,
        "unread": unread,
        "unread_boxes": unread_boxes(unread),
    }


def prediction_url(name: str, prediction: Prediction) -> str:
    """Return the address of a view for this prediction. An earlier prediction is named in the query."""
    path = reverse(name, args=[prediction.upload_id])
    return path if prediction.is_current else f"{path}?{urlencode({'answer': str(prediction.pk)})}"
