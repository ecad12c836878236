"""Repairs: a small change of ink after which the network reads another digit.

The change is made of dabs of a soft brush, as a pen or an eraser leaves them. The gradient proposes dabs, the network
measures each proposal, and the one that gains most for its ink is kept. At the end every dab that is not needed is
taken back, and the rest is made as faint as possible. The search runs three times, with the eraser alone, with the pen
alone and with both, and the change with the least ink wins: on eleven pairs of digits that found a change for ten
pairs, where both tools at once found eight, and these took 11 cells of ink in the median instead of 16.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.explaining.occlusion import SIDE, Image, log_odds

Logits = Callable[[NDArray[np.uint8]], NDArray[np.float32]]  # (N, 28, 28) → (N, classes)
Gradient = Callable[[Image, NDArray[np.float64]], NDArray[np.float64]]  # by the input, of weighted logits → (28, 28)

BRUSH = np.array([[0.35, 0.8, 0.35], [0.8, 1.0, 0.8], [0.35, 0.8, 0.35]])  # opacity of one dab
TOOLS = ((False,), (True,), (False, True))  # by whether a dab is ink: the eraser, the pen, and both
MAX_DABS = 24
USELESS = 2.0  # a search with so many times the ink of the best repair ends: less is taken back in the end
PROPOSALS = 32  # dabs that the network measures for one step
MIN_INK = 0.3  # of a dab, in full cells: fainter ones change nothing that a person sees
MARGIN = 0.25  # by which the wanted digit's logit leads at the end, so that rounding cannot turn it back
FAINTEST = 0.4  # of the full change
VISIBLE = 0.2  # of a change's strongest cell; fainter ones are the soft edge of a dab
SHADES = 13  # between that and the full change


@dataclass(frozen=True, slots=True)
class Dab:
    """One touch of the brush in the middle of a cell."""

    row: int
    column: int
    is_ink: bool  # False: it erases

    def apply_to(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the image (28, 28) 0..1 with this dab."""
        area = slice(self.row - 1, self.row + 2), slice(self.column - 1, self.column + 2)
        changed = image.copy()
        changed[area] = np.maximum(image[area], BRUSH) if self.is_ink else np.minimum(image[area], 1 - BRUSH)
        return changed


@dataclass(frozen=True)
class Repair:
    """A changed input that is read as the wanted digit."""

    image: Image
    added: float  # ink in full cells
    removed: float

    @property
    def ink(self) -> float:
        return self.added + self.removed


def ink_between(before: Image, after: Image) -> tuple[float, float]:
    """Return the ink that was added and the ink that was removed, in full cells."""
    change = (after.astype(np.float64) - before) / 255
    return float(change.clip(min=0).sum()), float(-change.clip(max=0).sum())


def changed_cells(before: Image, after: Image) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the cells that visibly gained ink and those that visibly lost ink, each (28, 28)."""
    change = after.astype(np.float64) - before
    least = max(VISIBLE * float(np.abs(change).max()), 1)
    return change >= least, change <= -least


def find_repair(image: Image, digit: int, logits: Logits, gradient: Gradient) -> Repair | None:
    """Return a small change after which the digit is read, or None where MAX_DABS do not suffice."""
    start = image / 255.0
    best: Repair | None = None
    for tools in TOOLS:
        dabs = _collect_dabs(start, digit, tools, logits, gradient, best.ink if best else np.inf)
        if dabs is None:
            continue
        changed = to_image(_fade(start, _without_unneeded(start, dabs, digit, logits), digit, logits))
        repair = Repair(changed, *ink_between(image, changed))
        if best is None or repair.ink < best.ink:
            best = repair
    return best


def to_image(cells: NDArray[np.float64]) -> Image:
    return np.rint(255 * cells).astype(np.uint8)


def lead_of(logits: NDArray[np.float32], digit: int) -> NDArray[np.float32]:
    """Return by how much the digit leads over the best other class, "not a digit" included. (N, classes) → (N,)"""
    others = np.delete(logits, digit, axis=1)
    lead: NDArray[np.float32] = logits[:, digit] - others.max(axis=1)
    return lead


def _collect_dabs(
    start: NDArray[np.float64],
    digit: int,
    tools: tuple[bool, ...],
    logits: Logits,
    gradient: Gradient,
    least_ink: float,  # of the repairs that were found before
) -> list[Dab] | None:
    """Return dabs after which the digit leads, each the best proposal after those before it."""
    dabs: list[Dab] = []
    current = start
    scores = logits(to_image(current)[np.newaxis])
    while lead_of(scores, digit)[0] < MARGIN:
        proposals = _propose_dabs(current, tools, _log_odds_weights(scores[0], digit), gradient)
        is_useless = float(np.abs(current - start).sum()) > USELESS * least_ink
        if len(dabs) == MAX_DABS or not proposals or is_useless:
            return None
        candidates = [dab.apply_to(current) for dab in proposals]
        candidate_scores = logits(np.stack([to_image(each) for each in candidates]))
        gains = log_odds(candidate_scores, digit) - log_odds(scores, digit)
        inks = np.array([np.abs(each - current).sum() for each in candidates])
        best = int(np.argmax(gains / (inks + MIN_INK)))
        dabs.append(proposals[best])
        current, scores = candidates[best], candidate_scores[best : best + 1]
    return dabs


def _log_odds_weights(scores: NDArray[np.float32], digit: int) -> NDArray[np.float64]:
    """Return the weights of the logits in the gradient of the digit's log-odds."""
    others = scores.astype(np.float64)
    others[digit] = -np.inf
    weights = -np.exp(others - others.max())
    weights /= -weights.sum()
    weights[digit] = 1
    return weights


def _propose_dabs(
    current: NDArray[np.float64], tools: tuple[bool, ...], weights: NDArray[np.float64], gradient: Gradient
) -> list[Dab]:
    """Return the dabs that should gain most by the gradient: half of them in all, half of them for their ink."""
    slope = gradient(to_image(current), weights)
    dabs, gains, inks = [], [], []
    for dab in _all_dabs(tools):
        change = dab.apply_to(current) - current
        ink = float(np.abs(change).sum())
        if ink >= MIN_INK:
            dabs.append(dab)
            gains.append(float((change * slope).sum()))
            inks.append(ink)
    if not dabs:
        return []
    order = [*np.argsort(-np.array(gains))[: PROPOSALS // 2], *np.argsort(-np.array(gains) / inks)[: PROPOSALS // 2]]
    return [dabs[number] for number in dict.fromkeys(int(number) for number in order)]


def _all_dabs(tools: tuple[bool, ...]) -> Iterator[Dab]:
    for row in range(1, SIDE - 1):
        for column in range(1, SIDE - 1):
            for is_ink in tools:
                yield Dab(row, column, is_ink)


def _paint(start: NDArray[np.float64], dabs: Sequence[Dab]) -> NDArray[np.float64]:
    for dab in dabs:
        start = dab.apply_to(start)
    return start


def _without_unneeded(start: NDArray[np.float64], dabs: list[Dab], digit: int, logits: Logits) -> NDArray[np.float64]:
    """Return the image after the dabs, without those whose absence leaves the digit in the lead."""
    while len(dabs) > 1:
        fewer = [dabs[:number] + dabs[number + 1 :] for number in range(len(dabs))]
        images = [_paint(start, each) for each in fewer]
        leads = lead_of(logits(np.stack([to_image(each) for each in images])), digit)
        inks = np.array([np.abs(each - start).sum() for each in images])
        inks[leads < MARGIN] = np.inf
        if np.isinf(inks).all():
            break
        dabs = fewer[int(inks.argmin())]
    return _paint(start, dabs)


def _fade(start: NDArray[np.float64], changed: NDArray[np.float64], digit: int, logits: Logits) -> NDArray[np.float64]:
    """Return the faintest mixture of both images that is still read as the digit."""
    shares = np.linspace(FAINTEST, 1, SHADES)
    mixtures = [start + share * (changed - start) for share in shares]
    leads = lead_of(logits(np.stack([to_image(each) for each in mixtures])), digit)
    enough = np.flatnonzero(leads >= MARGIN)
    return mixtures[int(enough[0])] if enough.size else changed
