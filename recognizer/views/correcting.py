"""What the page's correction form says, wherever it stands: under an answer or in the review queue."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from recognizer.models import Correction, Glyph, Prediction
from recognizer.problems import Problem
from recognizer.services import corrections
from recognizer.views.requests import MemberRequest


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
        case "split":
            corrections.split_box(**who, position=number(request, "position"), labels=value)
        case "merge":
            corrections.merge_boxes(**who, position=number(request, "position"), label=value)
        case "remove":
            corrections.remove_box(**who, position=number(request, "position"))
        case "add":
            x, y, width, height = (number(request, name) for name in ("x", "y", "width", "height"))
            corrections.add_box(**who, box=(x, y, width, height), label=value)
        case _:
            raise Problem("bad_request")


def number(request: MemberRequest, name: str) -> int:
    try:
        return round(float(request.POST.get(name, "")))
    except (ValueError, OverflowError) as error:
        raise Problem("invalid", _("%(name)s must be a number.") % {"name": name}) from error


def places(glyphs: Sequence[Glyph], stands: Correction | None) -> list[dict[str, Any]]:
    """The boxes over the picture: where a person says that digits are, or else where the reader found them."""
    if stands and stands.boxes:
        keys = ("x", "y", "width", "height")
        return [dict(zip(keys, item["box"], strict=True), label=item["label"]) for item in stands.boxes]
    return [{"x": g.x, "y": g.y, "width": g.width, "height": g.height, "label": str(g.digit)} for g in glyphs]
