"""Why this digit, in one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.occlusion import INK, Change, Image, Occlusion

RIVAL = 0.01  # a second answer less probable than this is not worth a word
HARDLY = 0.5  # less probably a digit than this, and the sentence says so first
NARROW = 9  # cells: digits as slim as a 1 have no left and right
PLACES = (
    ("at the top left", "at the top", "at the top right"),
    ("on the left", "in the middle", "on the right"),
    ("at the bottom left", "at the bottom", "at the bottom right"),
)


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


def sentence(probabilities: Sequence[float], is_digit: float, turn: Turn | None) -> str:
    """ "4 at 61 %, 9 at 35 %: the gap at the top decides." """
    first, second = two_best(probabilities)
    answers = f"{first} at {percent(probabilities[first])}"
    if probabilities[second] >= RIVAL:
        answers += f", {second} at {percent(probabilities[second])}"
    if is_digit < HARDLY:
        answers = f"Hardly a digit ({percent(is_digit)}); if one, {answers}"
    if turn is None:
        return f"{answers}: no single place decides."
    part = "gap" if turn.change.gap else "stroke"
    return f"{answers}: the {part} {turn.place} {'decides' if turn.decides else 'counts most'}."


def percent(share: float) -> str:
    """Never 100 % for what is not certain."""
    if 0.99 < share < 1:
        return f"{min(100 * share, 99.9):.1f} %"
    return f"{100 * share:.0f} %"
