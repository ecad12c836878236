"""How an answer is said in words: the same in a page, a preview and a list."""

import math
from collections.abc import Iterable
from typing import Protocol

from django.utils.translation import gettext as _

from mlcore.reading.result import Decision, Reason

CERTAIN = 0.995
WORTH_NAMING = 0.05  # the probability of another digit


def percent(probability: float) -> str:
    """Rounded down, so that 100 % is said only of what is certain."""
    figure = math.floor(probability * 1000 + 1e-6) / 10
    if figure < 0.1:
        return "< 0.1 %"
    return f"{figure:.1f} %" if probability < 1 else "100 %"


def sureness(decision: Decision | str, confidence: float) -> str:
    if decision == "rejected":
        return _("No digit here")
    if decision == "unsure":
        return _("Not sure")
    return _("Very sure") if confidence >= CERTAIN else _("Sure")


class Digit(Protocol):
    """One that was read, as the reader gave it or as it was kept."""

    @property
    def digit(self) -> int: ...
    @property
    def probabilities(self) -> Iterable[float]: ...


def other_text(digits: Iterable[Digit]) -> str:
    """The same with the likeliest other digit in its place; empty where none is worth naming."""
    read = [(one.digit, list(one.probabilities)) for one in digits]
    others = [
        (probability, place, other)
        for place, (digit, probabilities) in enumerate(read)
        for other, probability in enumerate(probabilities)
        if other != digit
    ]
    likelihood, place, other = max(others, default=(0.0, 0, 0))
    if likelihood < WORTH_NAMING:
        return ""
    text = [str(digit) for digit, _probabilities in read]
    return "".join([*text[:place], str(other), *text[place + 1 :]])


def advice(decision: Decision | str, reason: Reason | str | None, digits: Iterable[Digit] = ()) -> str:
    """Why an answer is not a sure one, and what to do about it."""
    sentences = {
        "no_ink": _(
            "No writing was found: the picture is blank, shows something else, or its ink does not stand out from the"
            " paper. For writing, try a darker pen or more light."
        ),
        "not_a_digit": _("There is ink, but it does not look like a digit from 0 to 9."),
        "too_small": _("The writing is very small. Go closer, or crop the picture to the number."),
        "low_contrast": _("The ink is hardly darker than the paper. Try more light or a darker pen."),
        "cut_off": _("The writing runs over the edge of the picture. Leave a little paper around it."),
    }
    if reason in sentences:
        return sentences[reason]
    if decision == "unsure":
        other = other_text(digits)
        if other:
            return _("It may also be %(other)s. Look at it, and confirm or correct it.") % {"other": other}
        return _("It is not clear enough to be sure of. Look at it, and confirm or correct it.")
    if decision == "rejected":
        return _("Nothing in the picture looks enough like a digit to name one.")
    return ""
