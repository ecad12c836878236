"""The correction form, shared by the page of a picture and the review queue."""

from collections.abc import Container
from typing import Any

from recognizer.forms import clean_or_raise
from recognizer.forms.corrections import BOX_FIELDS, CorrectionForm
from recognizer.models import Correction, Prediction
from recognizer.services.history import corrections
from recognizer.services.history.labelled_boxes import labelled_boxes
from recognizer.views.requests import UserRequest


def save_correction(request: UserRequest, prediction: Prediction) -> None:
    """Append the correction that the pressed button stands for. Raise a Problem if it is not valid."""
    form = CorrectionForm(request.POST)
    data = clean_or_raise(form)
    action, value, position = data["action"], data["value"], data["position"]
    target: dict[str, Any] = {"prediction": prediction, "by": request.user}
    on_boxes = target | {"seen": data["seen"]}
    match action:
        case "confirm" | "not_a_digit" | "undo":
            corrections.correct(**target, kind=action)
        case "number":
            corrections.correct_number(**target, written=value, labels=data["label"], shown=data["shown"])
        case "labels":
            corrections.correct_labels(**target, labels=data["label"])
        case "text":
            corrections.correct(**target, kind="correct", written=value)
        case "label" if len(value) < 2:
            corrections.correct_glyphs(**on_boxes, labels={position: value})
        case "label" | "split":  # two digits for one box split it
            corrections.split_box(**on_boxes, position=position, labels=value)
        case "merge":
            corrections.merge_boxes(**on_boxes, position=position, label=value)
        case "remove":
            corrections.remove_box(**on_boxes, position=position)
        case "add":
            corrections.add_box(**on_boxes, box=form.box, label=value)


def box_values(
    prediction: Prediction, current: Correction | None, doubtful: int | None, unsure: Container[int]
) -> list[dict[str, Any]]:
    """Return the boxes over the picture with their labels and the signs between them, as the templates need them."""
    return [
        dict(zip(BOX_FIELDS, each.box, strict=True))
        | {
            "position": position,
            "label": each.label,
            "before": each.before.rpartition("\n")[2],
            "after": each.after,
            "starts_line": "\n" in each.before,
            "is_doubtful": position == doubtful,
            "is_unsure": position in unsure,
        }
        for position, each in enumerate(labelled_boxes(prediction, current))
    ]


def split_lines(boxes: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the boxes of each line."""
    lines: list[list[dict[str, Any]]] = []
    for box in boxes:
        if not lines or box["starts_line"]:
            lines.append([])
        lines[-1].append(box)
    return lines
