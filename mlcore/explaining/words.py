"""Why this digit, in one sentence: in English, or in the language of a `gettext` that is handed in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.occlusion import INK, Change, Image, Occlusion

RIVAL = 0.01  # a second answer less probable than this is not worth a word
HARDLY = 0.5  # less probably a digit than this, and the sentence says so first
NARROW = 9  # cells: digits as slim as a 1 have no left and right
Gettext = Callable[[str], str]


def _(words: str) -> str:
    """Marks what is translated later; nothing here knows Django."""
    return words


PLACES = (
    (_("at the top left"), _("at the top"), _("at the top right")),
    (_("on the left"), _("in the middle"), _("on the right")),
    (_("at the bottom left"), _("at the bottom"), _("at the bottom right")),
)
# By whether it is a gap, and whether it decides.
TURNS = {
    (True, True): _("%(answers)s: the gap %(place)s decides."),
    (True, False): _("%(answers)s: the gap %(place)s counts most."),
    (False, True): _("%(answers)s: the stroke %(place)s decides."),
    (False, False): _("%(answers)s: the stroke %(place)s counts most."),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """The change that costs the first answer most of its lead over the second."""

    change: Change
    place: str
    lost: float  # of the lead, in logits
    decides: bool  # the second answer would win


def two_best(probabilities: Sequence[float]) -> tuple[int, int]:
    order = sorted(range(len(probabilities)), key=lambda digit: -probabilities[digit])
    return order[0], order[1]


def turn_of(occlusion: Occlusion, image: Image, first: int, second: int) -> Turn | None:
    """None where no change costs anything."""
    leads = occlusion.logits[:, first] - occlusion.logits[:, second]
    if len(leads) < 2 or leads[1:].min() >= leads[0]:
        return None
    which = int(leads[1:].argmin())
    change = occlusion.changes[which]
    lead = float(leads[1 + which])
    return Turn(change, place_of(change, image), float(leads[0]) - lead, lead < 0)


def place_of(change: Change, image: Image) -> str:
    strong = image >= INK
    rows, columns = np.flatnonzero(strong.any(axis=1)), np.flatnonzero(strong.any(axis=0))
    touched = np.ones((change.size, change.size), bool) if change.gap else strong[change.area]
    down, across = (np.argwhere(touched).mean(axis=0) + np.array([change.top, change.left])).tolist()
    return PLACES[_third(down, rows)][1 if columns[-1] - columns[0] < NARROW else _third(across, columns)]


def _third(at: float, occupied: NDArray[np.intp]) -> int:
    along = (at - occupied[0] + 0.5) / (occupied[-1] - occupied[0] + 1)
    return int(np.clip(3 * along, 0, 2))


def sentence(probabilities: Sequence[float], is_digit: float, turn: Turn | None, gettext: Gettext = str) -> str:
    """ "4 at 61 %, 9 at 35 %: the gap at the top decides." """
    first, second = two_best(probabilities)

    def answer(digit: int) -> str:
        return gettext("%(digit)d at %(share)s") % {"digit": digit, "share": percent(probabilities[digit])}

    answers = answer(first)
    if probabilities[second] >= RIVAL:
        answers += f", {answer(second)}"
    if is_digit < HARDLY:
        hardly = gettext("Hardly a digit (%(share)s); if one, %(answers)s")
        answers = hardly % {"share": percent(is_digit), "answers": answers}
    if turn is None:
        return gettext("%(answers)s: no single place decides.") % {"answers": answers}
    words = gettext(TURNS[turn.change.gap, turn.decides])
    return words % {"answers": answers, "place": gettext(turn.place)}


def percent(share: float) -> str:
    """Never 100 % for what is not certain."""
    if 0.99 < share < 1:
        return f"{min(100 * share, 99.9):.1f} %"
    return f"{100 * share:.0f} %"
