"""Texts about trainings and the comparison of two models, shared by pages, notices and the admin."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from mlcore.training.evaluation.limits import MAX_DIGIT_LOSS, MAX_HAND_LOSS, MAX_LOSS, MAX_NUMBER_LOSS
from recognizer.plots.plot import write_number


def gate_check(name: str) -> str:
    """Return what a check of a comparison measures, under its name in the gate."""
    checks = {
        "digits_right": _("Digits read right"),
        "sure_but_wrong": _("Wrong among sure digits"),
        "sure_negatives": _("Sure of what is not a digit"),
        "calibration_error": _("Error of the confidence"),
        "numbers_exact": _("Whole numbers read right"),
        "hands": _("Probability of the right digit in every style of handwriting"),
        "held_back_gain": _("Right on people’s pictures that were held back"),
    }
    if name.startswith("hand_"):
        style = name.removeprefix("hand_").replace("_", " ")
        return _("Probability of the right digit in the style “%(style)s”") % {"style": style}
    if name.startswith("digit_"):
        return _("The digit %(digit)s read right") % {"digit": name.removeprefix("digit_")}
    return checks.get(name, name)


def gate_rule(name: str, limit: float) -> str:
    """Return what a check of a comparison asks of the candidate."""
    points = {"digits_right": MAX_LOSS, "numbers_exact": MAX_NUMBER_LOSS}
    if name == "held_back_gain":
        return _("more than before")
    if name in points:
        return _("at most %(points)s points fewer") % {"points": in_points(points[name])}
    if name.startswith(("digit_", "hand")):
        most = MAX_DIGIT_LOSS if name.startswith("digit_") else MAX_HAND_LOSS
        return _("no significant loss over %(points)s points") % {"points": in_points(most)}
    return _("at most %(share)s") % {"share": write_number(limit, percent=True)}


def in_points(share: float) -> str:
    """Return the size of a difference of shares in percentage points."""
    return write_number(100 * share)


def failed_check(name: str, *, candidate: str, candidate_share: str, active: str, active_share: str) -> str:
    """Return one sentence about a check that a candidate did not pass, with the shares of both models."""
    values = {
        "what": gate_check(name),
        "candidate": candidate,
        "new": candidate_share,
        "active": active,
        "old": active_share,
    }
    if name.startswith("digit_"):
        values["what"] = name.removeprefix("digit_")
        return _("The digit %(what)s: %(candidate)s reads %(new)s right, %(active)s reads %(old)s.") % values
    text = _("%(what)s: %(new)s with %(candidate)s, %(old)s with %(active)s.") % values
    if name == "held_back_gain":
        text += " " + _("That is no proof: too few digits differ, or nobody reviewed those that do.")
    return text


def training_error(error: str, pictures: Mapping[str, Any]) -> str:
    """Return why a training failed, from the code or the text in its row and the counts of its pictures."""
    if error == "too_long":
        return _("The training took too long and was ended.")
    if error != "too_few_digits":
        return error
    text = _(
        "There are too few reviewed digits of people who allow training: %(learnt)d to learn, "
        "and %(kept)d held back to compare the models on."
    ) % {"learnt": pictures.get("digits", 0), "kept": pictures.get("held_back_digits", 0)}
    if pictures.get("is_limited"):
        text += " " + _("The share of one person was limited.")
    return text


def training_stage(name: str) -> str:
    """Return what a training does in the stage of this name."""
    if name.startswith("lines "):
        return _("training with numbers, epoch %(epoch)s") % {"epoch": name.removeprefix("lines ")}
    stages = {
        "generating": _("rendering synthetic digits"),
        "rendering": _("rendering synthetic numbers"),
        "training": _("training"),
        "evaluating": _("calibrating and evaluating"),
        "rendering the gate's pictures": _("rendering the pictures of the comparison"),
        "comparing": _("comparing both models"),
    }
    return stages.get(name, _("selecting digits"))
