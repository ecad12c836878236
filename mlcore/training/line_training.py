"""A whole training of the line network: strips, fit, thresholds, figures, artifact."""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mlcore.artifact import Artifact, load_artifact, save_artifact
from mlcore.reading.ctc import read_text
from mlcore.reading.engine import Engine
from mlcore.training.calibrate import fit_thresholds
from mlcore.training.data import load_split
from mlcore.training.line_network import exported_lines, fit_line_network
from mlcore.training.line_pool import Pool, Writers, joined_pools, render_pool
from mlcore.training.line_report import exact_by_gap

SHARD = 10_000  # lines a process renders at a time: what they are follows from seed and shard alone
STRINGS = 150  # of each spacing, for the report
CHECKS = 400  # lines of validation digits
TEMPERATURES = np.exp(np.linspace(np.log(0.7), np.log(2), 9))


@dataclass(frozen=True)
class LineRecipe:
    lines: int = 40_000
    epochs: int = 9
    seed: int = 1
    data: Path | None = None  # MNIST; None downloads it
    keep: bool = False  # the base's line network: only thresholds are fitted


@dataclass(frozen=True)
class Stage:
    name: str
    done: float  # 0..1
    note: str = ""


Report = Callable[[Stage], None]


def train_lines(recipe: LineRecipe, base: Artifact, target: Path, report: Report) -> Artifact:
    """`base` with a line network and thresholds of its own, at `target`."""
    started = time.monotonic()
    split = load_split(recipe.data)
    files = {name: base.read_bytes(name) for name in base.card.files}
    networks = dict(base.card.networks)
    if not recipe.keep:
        pool = render_shards(recipe, Writers(split.train), report)
        model = fit_line_network(
            pool,
            epochs=recipe.epochs,
            seed=recipe.seed,
            on_epoch=lambda epoch, loss: report(Stage("training", (epoch + 1) / recipe.epochs, f"loss {loss:.3f}")),
        )
        networks["lines"], exported = exported_lines(model)
        files |= exported
    report(Stage("fitting thresholds", 0))
    judges = Writers(split.validation)
    checks = render_pool(CHECKS, [recipe.seed, 1_000], judges)
    card = replace(base.card, networks=networks, thresholds={})
    with tempfile.TemporaryDirectory() as scratch:
        draft = save_artifact(Path(scratch) / "draft", card, files)
        temperature = fit_temperature(Engine(draft), checks)
        card = replace(card, thresholds={"line_temperature": temperature})
        draft = save_artifact(Path(scratch) / "warm", card, files)
        fitted = fit_thresholds(draft, judges, recipe.seed)
        metrics = {
            "lines": judge_lines(Engine(draft), checks),
            "numbers_by_gap": exact_by_gap(Engine(draft), split.test, STRINGS),
        }
    report(Stage("fitting thresholds", 1))
    training = {**base.card.training, "lines": {**_plain(recipe), "seconds": round(time.monotonic() - started)}}
    card = replace(
        card,
        thresholds={"line_temperature": temperature, **fitted},
        metrics={**base.card.metrics, **metrics},
        training=training if not recipe.keep else base.card.training,
    )
    save_artifact(target, card, files)
    return load_artifact(target)


def _plain(recipe: LineRecipe) -> dict[str, Any]:
    return {name: value for name, value in asdict(recipe).items() if name not in ("data", "keep")}


def render_shards(recipe: LineRecipe, writers: Writers, report: Report) -> Pool:
    sizes = [min(SHARD, recipe.lines - start) for start in range(0, recipe.lines, SHARD)]
    seeds = [[recipe.seed, shard] for shard in range(len(sizes))]
    pools = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(sizes)), mp_context=spawn) as processes:
        for pool in processes.map(render_pool, sizes, seeds, [writers] * len(sizes)):
            pools.append(pool)
            report(Stage("rendering", len(pools) / len(sizes)))
    return joined_pools(pools)


def fit_temperature(engine: Engine, checks: Pool) -> float:
    """What makes the line network's own probability of its text honest: least log loss of being right."""
    logits = [engine.read_strips([checks.strip(i)])[0] for i in range(len(checks))]

    def loss(temperature: float) -> float:
        total = 0.0
        for said, truth in zip(logits, checks.texts, strict=True):
            text = read_text(said, temperature)
            chance = min(max(text.confidence, 1e-4), 1 - 1e-4)
            total -= np.log(chance if "".join(map(str, text.digits)) == truth else 1 - chance)
        return total / len(logits)

    return float(min(TEMPERATURES, key=loss))


def judge_lines(engine: Engine, checks: Pool) -> dict[str, float]:
    texts = [read_text(engine.read_strips([checks.strip(i)])[0]) for i in range(len(checks))]
    right = ["".join(map(str, text.digits)) == truth for text, truth in zip(texts, checks.texts, strict=True)]
    return {"validation_lines": len(checks), "validation_exact": float(np.mean(right))}
