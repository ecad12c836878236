"""Texts about predictions, shared by pages, previews, lists and the admin."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from mlcore.reading.result import Decision, Reason

VERY_SURE = 0.995
REASONS_BESIDE_DIGITS = ("unread_ink", "several_lines", "unexpected")  # no digit is in doubt
REASON_NAMES = {
    "no_ink": gettext_lazy("No writing was found"),
    "not_a_digit": gettext_lazy("Not a digit"),
    "too_small": gettext_lazy("The writing is too small"),
    "low_contrast": gettext_lazy("The ink is too pale"),
    "cut_off": gettext_lazy("The writing touches the edge"),
    "too_complex": gettext_lazy("Too many strokes"),
    "unread_ink": gettext_lazy("Writing that was not read"),
    "several_lines": gettext_lazy("Several lines"),
    "unexpected": gettext_lazy("Not what is expected"),
}
MIN_ALTERNATIVE = 0.05  # probability from which the second most likely digit is mentioned
CLEAR_DIGIT = 0.99  # a digit with this confidence is not in doubt by itself, even if the whole number is
MIN_LIKELY, MAX_LIKELY = 0.01, 3  # probability and number of the digits that are shown first


def percent(probability: float) -> str:
    """Return the probability in percent, rounded down so that only 1.0 becomes 100 %."""
    figure = math.floor(probability * 1000 + 1e-6) / 10
    if figure < 0.1:
        return "<\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"
    return f"{figure:.1f}\N{NO-BREAK SPACE}%" if probability < 1 else "100\N{NO-BREAK SPACE}%"


def percent_up(probability: float) -> str:
    """Return the probability in percent, rounded up: a figure of `percent` that reaches it is above the threshold."""
    return f"{math.ceil(probability * 1000 - 1e-6) / 10:.1f}\N{NO-BREAK SPACE}%"


def confidence_label(decision: Decision | str, confidence: float) -> str:
    """Return the decision in words, which for a read number depend on the confidence."""
    if decision == "rejected":
        return _("No digit found")
    if decision == "unsure":
        return _("Not sure")
    return _("Very sure") if confidence >= VERY_SURE else _("Sure")


class Decided(Protocol):
    """An answer with its decision: a reading, one of its lines, or a stored prediction."""

    @property
    def decision(self) -> str: ...
    @property
    def reason(self) -> str | None: ...


def is_doubt_beside_digits(answer: Decided) -> bool:
    """Return whether an answer is unsure although its digits may be certain. Their confidence would then mislead."""
    return answer.decision == "unsure" and answer.reason in REASONS_BESIDE_DIGITS


class Digit(Protocol):
    """A digit with its probabilities: a Glyph row or a glyph of a Reading."""

    @property
    def digit(self) -> int: ...
    @property
    def confidence(self) -> float: ...
    @property
    def probabilities(self) -> Iterable[float]: ...


class ReadLine(Protocol):
    """A line of a reading, or of a stored prediction."""

    @property
    def decision(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def written(self) -> str: ...
    @property
    def glyphs(self) -> Sequence[Digit]: ...


def digit_share(glyph: Digit) -> float:
    """Return the probability of the read digit if the ink is a digit: the longest of the ten bars."""
    return list(glyph.probabilities)[glyph.digit]


def share_of_being_a_digit(glyph: Digit) -> float:
    """Return the probability that the ink is a digit at all. Times `digit_share` it is the glyph's confidence."""
    return min(1.0, glyph.confidence / max(digit_share(glyph), 1e-6))


def next_digit(glyph: Digit) -> int:
    """Return the most likely digit after the one that was read."""
    return max((p, digit) for digit, p in enumerate(glyph.probabilities) if digit != glyph.digit)[1]


def split_likely(glyph: Digit) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Return pairs of digit and probability: the likely ones, the most likely first, and the others from 0 to 9."""
    pairs = list(enumerate(glyph.probabilities))
    ranked = sorted(pairs, key=lambda pair: (pair[0] != glyph.digit, -pair[1]))
    likely = [ranked[0], *(pair for pair in ranked[1:MAX_LIKELY] if pair[1] >= MIN_LIKELY)]
    return likely, [pair for pair in pairs if pair not in likely]


def find_doubtful(lines: Iterable[ReadLine], *, is_any_marked: bool = False) -> int | None:
    """Return the position of the least certain digit in the unsure lines, or None if no digit is in doubt.

    With `is_any_marked` sure lines and clear digits count as well.
    """
    position = 0
    confidences: dict[int, float] = {}
    for line in lines:
        for glyph in line.glyphs:
            if (line.decision == "unsure" or is_any_marked) and line.reason not in REASONS_BESIDE_DIGITS:
                confidences[position] = glyph.confidence
            position += 1
    least = min(confidences, key=confidences.__getitem__, default=None)
    return None if least is None or (confidences[least] >= CLEAR_DIGIT and not is_any_marked) else least


def alternative_written(written: str, digits: Iterable[Digit]) -> str:
    """Return the number with its most likely other digit; empty if no other digit is likely enough."""
    read = [(one.digit, list(one.probabilities)) for one in digits]
    others = [
        (probability, position, other)
        for position, (digit, probabilities) in enumerate(read)
        for other, probability in enumerate(probabilities)
        if other != digit
    ]
    probability, position, other = max(others, default=(0.0, 0, 0))
    places = [place for place, character in enumerate(written) if character.isdigit()]
    if probability < MIN_ALTERNATIVE or len(places) != len(read):
        return ""
    place = places[position]
    return written[:place] + str(other) + written[place + 1 :]


def line_doubt(number: int, line: ReadLine) -> str:
    """Return why one line of several is not sure."""
    other = alternative_written(line.written, line.glyphs)
    if line.reason in REASON_NAMES:
        text = _("Line %(number)d: %(reason)s.")
    elif other:
        text = _("Line %(number)d could also be %(other)s.")
    elif all(digit.confidence >= CLEAR_DIGIT for digit in line.glyphs):
        text = _("Line %(number)d: each digit by itself is clear, but the line read as a whole is not certain enough.")
    else:
        text = _("Line %(number)d: the writing is not clear.")
    return text % {"number": number, "other": other, "reason": REASON_NAMES.get(line.reason or "", "")}


def in_one_line(written: str) -> str:
    """Return the lines of a number in one line, for titles and sentences."""
    return written.replace("\n", " · ")


def unread_summary(kinds: Iterable[str]) -> str:
    """Return what was not read in words, as `1 line of text, 2 marks`; empty if all was.

    Pieces near the number are not counted: one may be a part of a character, and others of its word may be missing.
    """
    count = Counter(kinds)
    texts = {
        "text_line": ngettext_lazy("%(count)d line of text", "%(count)d lines of text", "count"),
        "letters": ngettext_lazy("%(count)d word", "%(count)d words", "count"),
        "sign": gettext_lazy("other writing"),
        "mark": ngettext_lazy("%(count)d mark", "%(count)d marks", "count"),
    }
    return ", ".join(str(text % {"count": count[kind]}) for kind, text in texts.items() if count[kind])


def review_advice(reason: Reason | str | None) -> str:
    """Return what to do in the review queue, which does not show whether an answer is sure."""
    return advice("unsure", reason) if reason else _("Check the number, then confirm or correct it.")


def advice(
    decision: Decision | str, reason: Reason | str | None, written: str = "", digits: Iterable[Digit] = ()
) -> str:
    """Return why a prediction is not sure and what the user can do; empty for a sure one."""
    sentences = {
        "no_ink": _(
            "No writing was found. The picture is blank or shows something else, or the ink does not stand out from"
            " the paper. Try a darker pen or more light."
        ),
        "not_a_digit": _("The writing does not look like a digit from 0 to 9."),
        "too_small": _("The writing is very small. Move closer, or crop the picture to the number."),
        "low_contrast": _("The ink is hardly darker than the paper. Try more light or a darker pen."),
        "too_complex": _("The picture holds too many strokes to be a number. Crop it to the number."),
        "unread_ink": _(
            "The picture holds writing that is not part of the answer. It is marked in the picture. Check the number,"
            " then confirm or correct it."
        ),
        "several_lines": _(
            "The picture holds several lines, and one of them was read. Read all lines, or crop the picture to one."
        ),
        "unexpected": _(
            "The number does not look like what you expect. Check it, then confirm or correct it, or change what you"
            " expect."
        ),
        "cut_off": _("The writing touches the edge of the picture. Leave some paper around it."),
    }
    if reason in sentences:
        return sentences[reason]
    if decision == "unsure" and "\n" in written:
        return _("Check the lines that are not sure, then confirm or correct them.")
    if decision == "unsure":
        known = list(digits)
        other = alternative_written(written, known)
        if other:
            return _("It could also be %(other)s. Check it, then confirm or correct it.") % {"other": other}
        if len(known) > 1 and all(digit.confidence >= CLEAR_DIGIT for digit in known):
            return _(
                "Each digit by itself is clear, but the whole number is not certain enough. Check it, then confirm or"
                " correct it."
            )
        return _("The writing is not clear. Check the number, then confirm or correct it.")
    if decision == "rejected":
        return _("Nothing in the picture looks enough like a digit.")
    return ""
