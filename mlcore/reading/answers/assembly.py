"""The assembly of a reading: lines are joined to one answer, and the ink that it leaves out is added."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mlcore.reading.answers.unread_ink import find_unread
from mlcore.reading.arrays import InkBox
from mlcore.reading.ink.extraction import Ink
from mlcore.reading.layout.text_lines import LevelPage
from mlcore.reading.numbers.found import FoundNumber
from mlcore.reading.result import Box, Glyph, Reading, Reason, Sign, UnreadInk


def account_for_ink(answer: Reading, scale: float, ink: Ink) -> Reading:
    """Return the answer with the ink that it leaves out. It is never sure where such ink was found."""
    if answer.decision == "rejected":
        return answer
    boxes = answer_boxes(answer, scale)
    unread = tuple(
        UnreadInk(to_original_box(piece.box, scale, answer.width, answer.height), piece.kind)
        for piece in find_unread(ink, boxes)
    )
    return doubt_unread(answer, unread) if unread else answer


def doubt_unread(answer: Reading, unread: tuple[UnreadInk, ...]) -> Reading:
    """Return the answer as unsure, with its unread ink."""
    reason: Reason = "several_lines" if any(each.kind == "text_line" for each in unread) else "unread_ink"
    if answer.reason == "unexpected":
        reason = "unexpected"
    lines = answer.lines
    if len(lines) == 1:
        lines = (replace(lines[0], decision="unsure", reason=reason),)
    return replace(answer, decision="unsure", reason=reason, unread=unread, lines=lines)


def locate_number(number: FoundNumber, page: LevelPage) -> FoundNumber:
    """Return the number with its boxes in the ink before the page was levelled."""
    digits = tuple(replace(digit, box=page.locate(digit.box)) for digit in number.digits)
    return replace(
        number, digits=digits, signs=tuple(replace(sign, box=page.locate(sign.box)) for sign in number.signs)
    )


def join_lines(readings: Sequence[Reading], unread: Sequence[UnreadInk]) -> Reading:
    """Return the reading of a page from those of its lines. Its decision is that of its worst line."""
    first = readings[0]
    worst = next((each for each in readings if each.decision != "read"), first)
    glyphs: list[Glyph] = []
    signs: list[Sign] = []
    for reading in readings:
        signs += [replace(sign, before_glyph=sign.before_glyph + len(glyphs)) for sign in reading.signs]
        glyphs += reading.glyphs
    page = replace(
        first,
        text="\n".join(reading.text for reading in readings),
        written="\n".join(reading.written for reading in readings),
        decision=worst.decision,
        reason=worst.reason,
        confidence=float(np.prod([reading.confidence for reading in readings])),
        glyphs=tuple(glyphs),
        signs=tuple(signs),
        lines=tuple(line for reading in readings for line in reading.lines),
    )
    return replace(page, decision="unsure", reason="unread_ink", unread=tuple(unread)) if unread else page


def answer_boxes(answer: Reading, scale: float) -> list[InkBox]:
    """Return the boxes of the digits and the signs in the ink's pixels."""
    parts: list[Glyph | Sign] = [*answer.glyphs, *answer.signs]
    return [scale_box(part.box, scale) for part in parts]


def scale_box(box: Box, scale: float) -> InkBox:
    """Convert a box from the original's pixels to the ink's."""
    left, top = int(box.x * scale), int(box.y * scale)
    return (
        left,
        top,
        max(1, round((box.x + box.width) * scale) - left),
        max(1, round((box.y + box.height) * scale) - top),
    )


def to_original_box(box: InkBox, scale: float, width: int, height: int) -> Box:
    """Convert a box from the ink's pixels to the original's."""
    left, top = int(box[0] / scale), int(box[1] / scale)
    right = min(width, round((box[0] + box[2]) / scale))
    bottom = min(height, round((box[1] + box[3]) / scale))
    return Box(left, top, max(1, right - left), max(1, bottom - top))
