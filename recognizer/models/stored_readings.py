"""Signs, unread ink and lines of a reading: their JSON in the row of a prediction, and the same values read back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mlcore.reading.result import Box, Reading, Sign, UnreadInk
from mlcore.reading.written import find_value, surrounding_box
from recognizer.models import Prediction

Json = dict[str, Any]
MAX_GAP = 1.25  # of the higher box: it leaves room for a letter between two words


class AnyGlyph(Protocol):
    """A glyph of a reading, or a stored one."""

    @property
    def box(self) -> Box: ...
    @property
    def digit(self) -> int: ...
    @property
    def confidence(self) -> float: ...
    @property
    def probabilities(self) -> Iterable[float]: ...


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One line of a stored prediction, with the fields of `mlcore.reading.result.Line`."""

    box: Box
    text: str
    written: str
    value: str | None
    confidence: float
    decision: str
    reason: str | None
    glyphs: Sequence[AnyGlyph]
    signs: Sequence[Sign]  # `before_glyph` counts this line's glyphs


def row_values(reading: Reading) -> Json:
    """Return the values of a prediction's columns for the text, the signs, the unread ink and the lines of a reading.

    A column is empty where it would repeat another one.
    """
    return {
        "text": reading.text,
        "signed_text": reading.written if reading.written != reading.text else "",
        "signs": [
            {
                "box": box_list(sign.box),
                "sign": sign.sign,
                "confidence": round(sign.confidence, 6),
                "before_glyph": sign.before_glyph,
            }
            for sign in reading.signs
        ],
        "unread": [{"box": box_list(ink.box), "kind": ink.kind} for ink in reading.unread],
        "lines": [
            {
                "box": box_list(line.box),
                "confidence": round(line.confidence, 6),
                "decision": line.decision,
                "reason": line.reason,
                "signs": len(line.signs),
            }
            for line in reading.lines
        ]
        if len(reading.lines) > 1
        else [],
    }


def signs_of(prediction: Prediction) -> tuple[Sign, ...]:
    """Return the signs of all lines in reading order; `before_glyph` counts all glyphs."""
    return tuple(
        Sign(Box(*sign["box"]), sign["sign"], sign["confidence"], sign["before_glyph"]) for sign in prediction.signs
    )


def unread_of(prediction: Prediction) -> tuple[UnreadInk, ...]:
    return tuple(UnreadInk(Box(*ink["box"]), ink["kind"]) for ink in prediction.unread)


def unread_boxes(unread: Iterable[UnreadInk]) -> list[Box]:
    """Return the boxes that mark unread ink in a picture: one around the letters of a word, or of words in a line."""
    groups: list[UnreadInk] = []
    for ink in sorted(unread, key=lambda each: each.box.x):
        near = [group for group in groups if _is_near(group.box, ink.box)]
        joined = UnreadInk(surrounding_box([ink, *near]), ink.kind)
        groups = [*(group for group in groups if group not in near), joined]
    return [group.box for group in groups]


def _is_near(one: Box, other: Box) -> bool:
    """Return whether two boxes stand in one line, with a gap that a letter may fill which was not found."""
    gap = max(one.x, other.x) - min(one.x + one.width, other.x + other.width)
    is_in_line = max(one.y, other.y) < min(one.y + one.height, other.y + other.height)
    return is_in_line and gap <= MAX_GAP * max(one.height, other.height)


def lines_of(prediction: Prediction, glyphs: Iterable[AnyGlyph]) -> list[AnswerLine]:
    """Return the lines of a prediction, whose glyphs are given in reading order; none if it was rejected."""
    if not prediction.text:
        return []
    remaining_glyphs, remaining_signs = list(glyphs), signs_of(prediction)
    if not prediction.lines:
        box = surrounding_box([*remaining_glyphs, *remaining_signs]) if remaining_glyphs else Box(0, 0, 0, 0)
        return [
            AnswerLine(
                box,
                prediction.text,
                prediction.written,
                prediction.value,
                prediction.confidence,
                prediction.decision,
                prediction.reason or None,
                remaining_glyphs,
                remaining_signs,
            )
        ]
    lines: list[AnswerLine] = []
    first_glyph = first_sign = 0
    texts = zip(prediction.text.split("\n"), prediction.written.split("\n"), prediction.lines, strict=True)
    for text, written, stored in texts:
        end_glyph, end_sign = first_glyph + len(text), first_sign + stored["signs"]
        lines.append(
            AnswerLine(
                Box(*stored["box"]),
                text,
                written,
                find_value(written, prediction.decimal_rule),
                stored["confidence"],
                stored["decision"],
                stored["reason"],
                remaining_glyphs[first_glyph:end_glyph],
                [
                    Sign(sign.box, sign.sign, sign.confidence, sign.before_glyph - first_glyph)
                    for sign in remaining_signs[first_sign:end_sign]
                ],
            )
        )
        first_glyph, first_sign = end_glyph, end_sign
    return lines


def box_list(box: Box) -> list[int]:
    return [box.x, box.y, box.width, box.height]
