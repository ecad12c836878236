"""Of several trainings of one recipe, the one to ship: best on validation, with the figures of all in its card."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlcore.artifact import Artifact, save_artifact


def choose(artifacts: Sequence[Artifact], target: Path) -> Artifact:
    """The test set is reported, and decides nothing."""
    best = max(artifacts, key=lambda artifact: artifact.card.metrics["validation"]["both"])
    seeds = {seed: figures for artifact in artifacts for seed, figures in _seeds(artifact).items()}
    card = replace(best.card, training={**best.card.training, "seeds": seeds})
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
