"""What the page's correction form says, wherever it stands: under an answer or in the review queue."""

from typing import Any

from django.utils.translation import gettext as _

from recognizer.models import Correction, Prediction
from recognizer.problems import Problem
from recognizer.services.history import corrections
from recognizer.views.requests import MemberRequest

BOX_FIELDS = ("x", "y", "width", "height")


def apply_correction(request: MemberRequest, prediction: Prediction) -> None:
    """One button of the page is one appended correction."""
    action, value = request.POST.get("action", ""), request.POST.get("value", "").strip()
    who: dict[str, Any] = {"prediction": prediction, "by": request.user}
    match action:
        case "confirm" | "not_a_digit" | "undo":
            corrections.correct(**who, kind=action)
        case "labels":
            corrections.correct_labels(**who, labels=request.POST.getlist("label"))
        case "text":
            corrections.correct(**who, kind="correct", text=value)
        case "label" if len(value) < 2:
            corrections.correct_glyphs(**who, labels={number(request, "position"): value})
        case "label" | "split":  # a box that reads two digits is two
            corrections.split_box(**who, position=number(request, "position"), labels=value)
        case "merge":
            corrections.merge_boxes(**who, position=number(request, "position"), label=value)
        case "remove":
            corrections.remove_box(**who, position=number(request, "position"))
        case "add":
            x, y, width, height = (number(request, name) for name in BOX_FIELDS)
            corrections.add_box(**who, box=(x, y, width, height), label=value)
        case _:
            raise Problem("bad_request")


def number(request: MemberRequest, name: str) -> int:
    try:
        return round(float(request.POST.get(name, "")))
    except (ValueError, OverflowError) as error:
        raise Problem("invalid", _("%(name)s must be a number.") % {"name": name}) from error


def places(prediction: Prediction, stands: Correction | None) -> list[dict[str, Any]]:
    """The boxes over the picture, as the page draws them."""
    held = corrections.labels_of(prediction, stands)
    return [dict(zip(BOX_FIELDS, place.box, strict=True), label=place.label) for place in held]
