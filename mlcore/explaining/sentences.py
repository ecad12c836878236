"""The explanation of an answer in one or two sentences, in English or translated by a given `gettext`."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.occlusion import INK, Change, Image, Occlusion
from mlcore.reading.engine import NOT_A_DIGIT

MIN_SECOND = 0.01  # a less probable second answer is not mentioned
UNLIKELY_DIGIT = 0.5  # below this probability of being a digit, the sentence says so first
NARROW = 9  # cells: in narrower digits, such as a 1, left and right are not told apart
Gettext = Callable[[str], str]


def _(words: str) -> str:
    """Mark a text for translation; mlcore does not import Django."""
    return words


# Five rows and three columns: a place in the middle third of a tall digit can be clearly above or below its middle.
PLACES = (
    (_("at the top left"), _("at the top"), _("at the top right")),
    (_("on the left above the middle"), _("above the middle"), _("on the right above the middle")),
    (_("on the left"), _("in the middle"), _("on the right")),
    (_("on the left below the middle"), _("below the middle"), _("on the right below the middle")),
    (_("at the bottom left"), _("at the bottom"), _("at the bottom right")),
)
# By whether the change fills a gap, and whether it is decisive.
KEY_CHANGES = {
    (True, True): _("%(answers)s: the gap %(place)s decides."),
    (True, False): _("%(answers)s: the gap %(place)s counts most."),
    (False, True): _("%(answers)s: the stroke %(place)s decides."),
    (False, False): _("%(answers)s: the stroke %(place)s counts most."),
}
RIVAL_CHANGES = {
    (True, True): _("%(first)d rather than %(second)d: the gap %(place)s decides."),
    (True, False): _("%(first)d rather than %(second)d: the gap %(place)s counts most."),
    (False, True): _("%(first)d rather than %(second)d: the stroke %(place)s decides."),
    (False, False): _("%(first)d rather than %(second)d: the stroke %(place)s counts most."),
}


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A change that costs the first answer much, and where it lies in the digit."""

    change: Change
    place: str
    loss: float  # of the first answer's log-odds, against all digits or against the second answer
    is_decisive: bool  # another digit would win, or the second answer would win against the first


def top_two(probabilities: Sequence[float]) -> tuple[int, int]:
    """Return the two most probable digits."""
    order = sorted(range(len(probabilities)), key=lambda digit: -probabilities[digit])
    return order[0], order[1]


def find_key_change(occlusion: Occlusion, first: int) -> KeyChange | None:
    """Return the change that costs the first answer most where its map is strongest, or None where nothing costs it.

    So the sentence says what the map shows.
    """
    strengths = occlusion.loss_map(first)
    row, column = np.unravel_index(int(strengths.argmax()), strengths.shape)
    if strengths[row, column] <= 0:
        return None
    losses = occlusion.losses(first)
    covering = [
        index
        for index, change in enumerate(occlusion.changes)
        if 0 <= row - change.top < change.size
        and 0 <= column - change.left < change.size
        and change.cells_in(occlusion.image)[row - change.top, column - change.left]
    ]
    index = max(covering, key=lambda place: float(losses[place]))
    is_decisive = int(occlusion.logits[1 + index, :NOT_A_DIGIT].argmax()) != first
    change = occlusion.changes[index]
    return KeyChange(change, describe_place(change, occlusion.image), float(losses[index]), is_decisive)


def find_rival_change(occlusion: Occlusion, first: int, second: int) -> KeyChange | None:
    """Return the change that costs the first answer most against the second, or None where none does.

    What counts most for an answer may belong to both: the stem of a 9 is that of a 4 as well.
    """
    margins = occlusion.logits[:, first] - occlusion.logits[:, second]
    losses = margins[0] - margins[1:]
    if not losses.size or losses.max() <= 0:
        return None
    index = int(losses.argmax())
    change = occlusion.changes[index]
    is_decisive = bool(margins[1 + index] < 0)
    return KeyChange(change, describe_place(change, occlusion.image), float(losses[index]), is_decisive)


def describe_place(change: Change, image: Image) -> str:
    """Return where in the digit the change lies; for an erased stroke its ink counts."""
    is_ink = image >= INK
    rows, columns = np.flatnonzero(is_ink.any(axis=1)), np.flatnonzero(is_ink.any(axis=0))
    row, column = (np.argwhere(change.cells_in(image)).mean(axis=0) + np.array([change.top, change.left])).tolist()
    across = 1 if columns[-1] - columns[0] < NARROW else _part_of(column, columns, 3)
    return PLACES[_part_of(row, rows, 5)][across]


def _part_of(at: float, occupied: NDArray[np.intp], parts: int) -> int:
    """Return in which of some equal parts of the occupied cells the position lies, from 0."""
    share = (at - occupied[0] + 0.5) / (occupied[-1] - occupied[0] + 1)
    return int(np.clip(parts * share, 0, parts - 1))


def write_sentences(
    probabilities: Sequence[float],
    is_digit: float,
    key_change: KeyChange | None,
    rival_change: KeyChange | None,
    gettext: Gettext = str,
) -> str:
    """Return text such as "9 at 61 %, 4 at 35 %: the stroke below the middle counts most."

    A second sentence tells it from the second answer, "9 rather than 4: the stroke at the top decides.", where another
    change than the first sentence's does that.
    """
    sentence = write_sentence(probabilities, is_digit, key_change, gettext)
    if not key_change or not rival_change or key_change.change == rival_change.change:
        return sentence
    first, second = top_two(probabilities)
    template = gettext(RIVAL_CHANGES[rival_change.change.is_gap, rival_change.is_decisive])
    return f"{sentence} {template % {'first': first, 'second': second, 'place': gettext(rival_change.place)}}"


def write_sentence(
    probabilities: Sequence[float], is_digit: float, key_change: KeyChange | None, gettext: Gettext = str
) -> str:
    """Return a sentence such as "4 at 61 %, 9 at 35 %: the gap at the top decides." """
    first, second = top_two(probabilities)

    def answer(digit: int) -> str:
        return gettext("%(digit)d at %(share)s") % {"digit": digit, "share": percent(probabilities[digit])}

    answers = answer(first)
    if probabilities[second] >= MIN_SECOND:
        answers += f", {answer(second)}"
    if is_digit < UNLIKELY_DIGIT:
        unlikely = gettext("Probably not a digit (digit at %(share)s). If it is one: %(answers)s")
        answers = unlikely % {"share": percent(is_digit), "answers": answers}
    if key_change is None:
        return gettext("%(answers)s: no single place decides.") % {"answers": answers}
    template = gettext(KEY_CHANGES[key_change.change.is_gap, key_change.is_decisive])
    return template % {"answers": answers, "place": gettext(key_change.place)}


def percent(share: float) -> str:
    """Return a percentage. From 99 % on it has a decimal and is rounded down, so that only exactly 1 becomes 100 %."""
    if 0.99 < share < 1:
        return f"{math.floor(1000 * share + 1e-6) / 10:.1f} %"
    return f"{100 * share:.0f} %"
