"""How much each clue counts when a number is chosen among the texts proposed for it.

Fitted on generated lines of validation digits by `mlcore.training.evaluation.weights` and kept in the artifact's card.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Standing = Literal["boxed", "whole", "cut"]  # a digit in a printed box, by itself, or cut from its neighbour
STANDINGS: tuple[Standing, ...] = ("boxed", "whole", "cut")
NETWORKS = ("line", "digit")
CLUES = (
    "line",  # log probability of the text by the line network
    "digits",  # sum of the digits' log probabilities
    "count",  # of digits
    "explained",  # log share of the ink that the digits are
    "overlooked",  # minus how many digits' worth of ink is left over
    "region",  # log share of the picture's ink that the line is
    "split",  # log probability that none of the ink that stands together and was split is one digit
)
START = {"say_boxed_line": 0.0, "say_boxed_digit": 1.0, "say_whole_line": 0.3, "say_whole_digit": 0.7,
         "say_cut_line": 0.5, "say_cut_digit": 0.5, "worth_line": 1.0, "worth_digits": 0.3, "worth_count": 0.5,
         "worth_explained": 1.0, "worth_overlooked": 0.0, "worth_region": 0.5,
         "worth_split": 0.0}  # fmt: skip


@dataclass(frozen=True)
class Weights:
    says: Mapping[Standing, NDArray[np.float64]]  # (2,) of NETWORKS, about one digit that stands so
    worth: NDArray[np.float64]  # (7,) of CLUES, about a whole text

    @classmethod
    def of_card(cls, thresholds: Mapping[str, float]) -> "Weights":
        known = {**START, **thresholds}
        says = {s: np.array([known[f"say_{s}_{network}"] for network in NETWORKS]) for s in STANDINGS}
        return cls(says, np.array([known[f"worth_{clue}"] for clue in CLUES]))

    def for_card(self) -> dict[str, float]:
        says = {
            f"say_{s}_{network}": float(w) for s in STANDINGS for network, w in zip(NETWORKS, self.says[s], strict=True)
        }
        return says | {f"worth_{clue}": float(w) for clue, w in zip(CLUES, self.worth, strict=True)}
