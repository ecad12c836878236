"""Boxes of a picture with the digits in them, and the signs and line feeds between the digits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from recognizer.models import Correction, Prediction

Box = tuple[int, int, int, int]  # x, y, width, height in the original's pixels


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A box of the picture and its digit. An empty label marks ink that is not a digit."""

    box: Box
    label: str
    before: str = ""  # signs and line feeds between the digit and the one before
    after: str = ""  # signs behind the last digit

    def as_json(self) -> dict[str, Any]:
        spacing = {"before": self.before, "after": self.after}
        return {"box": list(self.box), "label": self.label} | {name: text for name, text in spacing.items() if text}


def labelled_boxes(prediction: Prediction, current: Correction | None) -> list[LabelledBox]:
    """Return the boxes and labels of the current correction, or of the prediction if there is none.

    The list is empty if the correction gives a text without the positions of its digits.
    """
    if current and (current.boxes or current.text):
        return [
            LabelledBox(tuple(item["box"]), item["label"], item.get("before", ""), item.get("after", ""))
            for item in current.boxes
        ]
    boxes = [(glyph.x, glyph.y, glyph.width, glyph.height) for glyph in prediction.glyphs.all()]
    if current or not prediction.text:  # the digit of a rejected glyph is not an answer
        return [LabelledBox(box, "") for box in boxes]
    return place_digits(boxes, prediction.written)


def place_digits(boxes: Sequence[Box], written: str) -> list[LabelledBox]:
    """Return the boxes with the digits of a written form. Return no box if their numbers differ."""
    placed: list[LabelledBox] = []
    between = ""
    for character in written:
        if not character.isdigit():
            between += character
        elif len(placed) == len(boxes):
            return []
        else:
            placed.append(LabelledBox(boxes[len(placed)], character, before=between))
            between = ""
    if len(placed) < len(boxes):
        return []
    return [*placed[:-1], replace(placed[-1], after=between)] if placed else []


def write_labels(boxes: Sequence[LabelledBox]) -> str:
    """Return the written form of the boxes. It is empty if no box has a digit; empty lines are left out."""
    if not any(box.label for box in boxes):
        return ""
    written = "".join(box.before + box.label + box.after for box in boxes)
    return "\n".join(line for line in written.split("\n") if any(character.isdigit() for character in line))


def change_label(boxes: list[LabelledBox], position: int, label: str) -> list[LabelledBox]:
    changed = replace(boxes[position], label=label)
    return [*boxes[:position], changed, *boxes[position + 1 :]]


def split(boxes: list[LabelledBox], position: int, labels: str) -> list[LabelledBox]:
    """Return the boxes with one of them split in the middle. It must be at least two pixels wide."""
    old = boxes[position]
    x, y, width, height = old.box
    half = width // 2
    halves = [
        LabelledBox((x, y, half, height), labels[0], before=old.before),
        LabelledBox((x + half, y, width - half, height), labels[1], after=old.after),
    ]
    return [*boxes[:position], *halves, *boxes[position + 1 :]]


def merge(boxes: list[LabelledBox], position: int, label: str) -> list[LabelledBox]:
    """Return the boxes with one and the next replaced by the box around both. A sign between them is dropped."""
    first, second = boxes[position], boxes[position + 1]
    left, top = min(first.box[0], second.box[0]), min(first.box[1], second.box[1])
    right = max(first.box[0] + first.box[2], second.box[0] + second.box[2])
    bottom = max(first.box[1] + first.box[3], second.box[1] + second.box[3])
    merged = LabelledBox((left, top, right - left, bottom - top), label, before=first.before, after=second.after)
    return [*boxes[:position], merged, *boxes[position + 2 :]]


def remove(boxes: list[LabelledBox], position: int) -> list[LabelledBox]:
    """Return the other boxes. What stood before the removed digit stands before the next one."""
    removed, others = boxes[position], [*boxes[:position], *boxes[position + 1 :]]
    if position < len(others):
        others[position] = replace(others[position], before=removed.before + others[position].before)
    elif others:
        others[-1] = replace(others[-1], after=removed.before.replace("\n", "") + removed.after)
    return others


def insert(boxes: list[LabelledBox], box: Box, label: str) -> list[LabelledBox]:
    """Return the boxes with a new one, which takes its place in the nearest line by its horizontal centre."""
    lines = split_lines(boxes)
    if not lines:
        return [LabelledBox(box, label)]
    start, end = min(lines, key=lambda line: vertical_distance(boxes[line[0] : line[1]], box))
    centre = box[0] + box[2] / 2
    place = next((at for at in range(start, end) if boxes[at].box[0] + boxes[at].box[2] / 2 > centre), end)
    changed = list(boxes)
    before = after = ""
    if place == start:  # the line feed and the minus stay at the start of the line
        before, changed[start] = changed[start].before, replace(changed[start], before="")
    elif place == len(boxes):
        after, changed[-1] = changed[-1].after, replace(changed[-1], after="")
    return [*changed[:place], LabelledBox(box, label, before, after), *changed[place:]]


def split_lines(boxes: Sequence[LabelledBox]) -> list[tuple[int, int]]:
    """Return the positions of the first box of each line, and of the first box behind it."""
    starts = [at for at, box in enumerate(boxes) if at == 0 or "\n" in box.before]
    return list(pairwise([*starts, len(boxes)]))


def vertical_distance(line: Sequence[LabelledBox], box: Box) -> float:
    """Return the distance in pixels between the middles of a line and of a box."""
    top, bottom = min(each.box[1] for each in line), max(each.box[1] + each.box[3] for each in line)
    return abs((top + bottom) / 2 - (box[1] + box[3] / 2))
