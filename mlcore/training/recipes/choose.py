"""Of several trainings of one recipe, the one to ship: best on validation, with the figures of all in its card.

They are judged by the same digits of MNIST. The generated ones may differ in a few roundings, where seeds were trained
on processors of different kinds.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlcore.artifact import Artifact, ArtifactError, save_artifact

SAME = ("train", "validation", "test")


def choose(artifacts: Sequence[Artifact], target: Path) -> Artifact:
    """The test set is reported, and decides nothing."""
    if len({tuple(artifact.card.training["data"][part] for part in SAME) for artifact in artifacts}) > 1:
        raise ArtifactError("They were not trained and judged on the same digits.")
    seeds: dict[str, dict[str, Any]] = {}
    for artifact in artifacts:
        for seed, figures in _seeds(artifact).items():
            if seeds.setdefault(seed, figures) != figures:
                raise ArtifactError(f"Seed {seed} was trained twice, with different figures.")
    best = max(artifacts, key=lambda artifact: artifact.card.metrics["validation"]["both"])
    card = replace(best.card, version=target.name, training={**best.card.training, "seeds": seeds})
    return save_artifact(target, card, {name: best.read_bytes(name) for name in card.files})


def _seeds(artifact: Artifact) -> dict[str, dict[str, Any]]:
    """Of one training, or of all that it was chosen from before: seeds may be trained on different days."""
    told = artifact.card.training
    return told.get("seeds") or {str(told["seed"]): _figures(artifact)}


def _figures(artifact: Artifact) -> dict[str, Any]:
    found = artifact.card.metrics
    figures = {"validation": found["validation"]["both"], "test": found["test"]["accuracy"]}
    if "read_as_png" in found:
        figures |= {"read": found["read_as_png"]["accuracy"], "on_paper": found["robustness"]["on paper"]}
    return figures


def mean_and_spread(seeds: dict[str, dict[str, float]], name: str) -> tuple[float, float]:
    """Mean and sample standard deviation over the seeds."""
    values = [figures[name] for figures in seeds.values() if name in figures]
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
