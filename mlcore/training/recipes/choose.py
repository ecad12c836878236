"""The choice among several trainings of one recipe: the best on validation, with the figures of all in its card.

All trainings must use the same MNIST digits. Synthetic digits may differ by rounding where seeds were trained on
processors of different kinds.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlcore.artifact import Artifact, ArtifactError, save_artifact

SHARED_PARTS = ("train", "validation", "test")


def choose_artifact(artifacts: Sequence[Artifact], target: Path) -> Artifact:
    """Save the artifact that is best on validation at `target`; the test set does not decide."""
    if len({tuple(artifact.card.training["data"][part] for part in SHARED_PARTS) for artifact in artifacts}) > 1:
        raise ArtifactError("The models were not trained and evaluated on the same digits.")
    seeds: dict[str, dict[str, Any]] = {}
    for artifact in artifacts:
        for seed, figures in _figures_by_seed(artifact).items():
            if seeds.setdefault(seed, figures) != figures:
                raise ArtifactError(f"Seed {seed} was trained twice, with different figures.")
    best = max(artifacts, key=lambda artifact: artifact.card.metrics["validation"]["both"])
    card = replace(best.card, version=target.name, training={**best.card.training, "seeds": seeds})
    return save_artifact(target, card, {name: best.read_bytes(name) for name in card.files})


def _figures_by_seed(artifact: Artifact) -> dict[str, dict[str, Any]]:
    """Return the figures of one training, or of all from which the artifact was already chosen."""
    training = artifact.card.training
    return training.get("seeds") or {str(training["seed"]): _figures(artifact)}


def _figures(artifact: Artifact) -> dict[str, Any]:
    metrics = artifact.card.metrics
    figures = {"validation": metrics["validation"]["both"], "test": metrics["test"]["accuracy"]}
    if "read_as_png" in metrics:
        figures |= {"read": metrics["read_as_png"]["accuracy"], "on_paper": metrics["robustness"]["on paper"]}
    return figures


def mean_and_spread(seeds: dict[str, dict[str, float]], name: str) -> tuple[float, float]:
    """Return the mean and the sample standard deviation of a figure over the seeds."""
    values = [figures[name] for figures in seeds.values() if name in figures]
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
