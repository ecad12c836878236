"""The weights by which the best reading of a number is chosen among several.

`mlcore.training.evaluation.weights` fits them on synthetic lines of validation digits. The card stores them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlcore.reading.arrays import Floats

Placement = Literal["boxed", "whole", "cut"]  # a digit in a printed box, separate, or cut from its neighbour
PLACEMENTS: tuple[Placement, ...] = ("boxed", "whole", "cut")
NETWORKS = ("line", "digit")
SCORE_FEATURES = (
    "line",  # log probability of the text by the line network
    "digits",  # sum of the digits' log probabilities
    "count",  # number of digits
    "explained",  # log share of the ink that belongs to the digits
    "overlooked",  # minus how many digits would fit in the remaining ink
    "region",  # log share of the picture's ink that the line holds
    "split",  # log probability that no connected piece which was split is a single digit
)
DEFAULT_WEIGHTS = {"say_boxed_line": 0.0, "say_boxed_digit": 1.0, "say_whole_line": 0.3, "say_whole_digit": 0.7,
                   "say_cut_line": 0.5, "say_cut_digit": 0.5, "worth_line": 1.0, "worth_digits": 0.3,
                   "worth_count": 0.5, "worth_explained": 1.0, "worth_overlooked": 0.0, "worth_region": 0.5,
                   "worth_split": 0.0}  # fmt: skip


@dataclass(frozen=True)
class Weights:
    """The weights of both networks and of the score's features.

    In the card their names begin with "say_" and "worth_"; published cards keep these names.
    """

    network_weights: Mapping[Placement, Floats]  # (2,) in the order of NETWORKS, for one digit
    feature_weights: Floats  # (7,) in the order of SCORE_FEATURES, for a whole number

    @classmethod
    def from_card(cls, thresholds: Mapping[str, float]) -> "Weights":
        known = {**DEFAULT_WEIGHTS, **thresholds}
        network_weights = {p: np.array([known[f"say_{p}_{network}"] for network in NETWORKS]) for p in PLACEMENTS}
        return cls(network_weights, np.array([known[f"worth_{feature}"] for feature in SCORE_FEATURES]))

    def as_card_entries(self) -> dict[str, float]:
        entries = {}
        for placement in PLACEMENTS:
            for network, weight in zip(NETWORKS, self.network_weights[placement], strict=True):
                entries[f"say_{placement}_{network}"] = float(weight)
        for feature, weight in zip(SCORE_FEATURES, self.feature_weights, strict=True):
            entries[f"worth_{feature}"] = float(weight)
        return entries
