"""The card of an artifact as a page for people."""

from collections.abc import Iterable, Iterator, Mapping
from statistics import fmean, stdev
from typing import Any

from mlcore.artifact import Card

SEED_FIGURES = {
    "validation": "validation",
    "test": "MNIST test, network",
    "read": "MNIST test, read as PNG",
    "on_paper": "MNIST test, on paper",
}


def model_card(card: Card) -> str:
    """Markdown; every figure comes from the card, none is written by hand."""
    sections = [_head(card), _networks(card), _training(card), _results(card), _limits(card)]
    return "\n".join(sections)


def _head(card: Card) -> str:
    others = "no other\nperson's pictures are in its weights."
    start = card.training.get("start") or {}
    if "extra" in {**(start.get("data") or {}), **card.training.get("data", {})}:
        others = "its trainer's\nown pictures are in its weights as well."
    return f"""# Model card: {card.version}

Generated from `card.json` by `manage.py model_card`.

It reads handwritten digits from pictures of 28×28 pixels laid in MNIST's frame, and says how likely it is
that there is a digit at all. It was trained on MNIST and on what this repository generates; {others}
"""


def _networks(card: Card) -> str:
    rows = [
        (name, network.architecture, f"{network.parameters:,}", network.onnx, card.files[network.onnx][:12])
        for name, network in card.networks.items()
    ]
    return "## Networks\n\n" + _table(("use", "architecture", "parameters", "file", "SHA-256 begins"), rows)


def _training(card: Card) -> str:
    told = card.training
    plan = told.get("plan", {})
    facts = [
        ("command", f"`{told.get('command', '?')}`"),
        *_origin(told.get("start")),
        ("seed", told.get("seed", "?")),
        ("epochs", plan.get("epochs", "?")),
        ("images an epoch", told.get("images_each_epoch", "?")),
        ("generated in all", sum(told.get("generated", {}).values())),
        ("time", f"{told.get('seconds', 0) / 60:.0f} minutes"),
        ("hardware", told.get("hardware", "?")),
        ("made", told.get("made", "?")),
        ("software", ", ".join(f"{name} {version}" for name, version in told.get("packages", {}).items())),
    ]
    if lines := told.get("lines"):
        facts.append(("line network", _line_training(lines)))
    hashes = [(name, f"`{digest}`") for name, digest in told.get("data", {}).items()]
    return (
        "## Training\n\n"
        + _table(("what", ""), facts)
        + "\nSHA-256 of the data (images, then labels):\n\n"
        + _table(("part", "SHA-256"), hashes)
    )


def _origin(start: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if not start:
        return []
    spent = f"{(start.get('seconds') or 0) / 60:.0f} minutes, {start.get('made') or '?'}"
    way = f"; {start['way']:.0%} of the way to what it then learnt" if "way" in start else ""
    origin = f"`{start.get('command') or '?'}` ({spent}), its card's SHA-256 begins {start['digest'][:12]}"
    return [("went on from", origin + way)]


def _line_training(told: Mapping[str, Any]) -> str:
    said = (
        f"{told['lines']:,} generated lines, {told['epochs']} epochs, seed {told['seed']}, "
        f"{told['seconds'] / 60:.0f} minutes on {told.get('hardware', '?')}"
    )
    start = told.get("start")
    if not start:
        return said
    return f"{said}, beginning with {start['version']}'s" + (f" ({_line_training(start)})" if "lines" in start else "")


def _results(card: Card) -> str:
    parts = ["## Results\n", "Every choice was made on the validation split; the test set is for this table.\n"]
    parts += [_table(("measure", ""), _measures(card.metrics)), _seeds(card.training.get("seeds"))]
    if robust := card.metrics.get("robustness"):
        parts.append("\nMNIST test under one change at a time:\n")
        parts.append(_table(("change", "right"), [(name, f"{share:.2%}") for name, share in robust.items()]))
    if refused := card.metrics.get("refusals"):
        parts.append("\nGenerated pictures without a digit, as one digit and as a number:\n")
        rows = [(kind, f"{said['rejected']:.1%}", f"{said['sure']:.1%}") for kind, said in refused.items()]
        parts.append(_table(("picture", "rejected", "read as sure"), rows))
    if by_paper := card.metrics.get("numbers_by_gap"):
        parts.append("\nNumbers of one to ten MNIST test digits, exactly right, by the gap between the digits:\n")
        gaps = next(iter(by_paper.values()))
        rows = [(gap, *(f"{shares[gap]:.1%}" for shares in by_paper.values())) for gap in gaps]
        parts.append(_table(("gap", *(f"on {paper}" for paper in by_paper)), rows))
    return "\n".join(parts)


def _measures(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if test := metrics.get("test"):
        low, high = test["interval"]
        yield "MNIST test, the network alone", f"{test['accuracy']:.2%} ({low:.2%} to {high:.2%})"
        yield "calibration error (ECE)", f"{test['ece']:.4f}"
    if read := metrics.get("read_as_png"):
        yield "MNIST test, each image read as a PNG file", f"{read['accuracy']:.2%}"
        yield "… of them answered as sure", f"{read['sure']:.2%}, wrong {read['sure_but_wrong']:.2%}"
    for name, share in metrics.get("validation", {}).items():
        yield f"validation: {name}", f"{share:.4f}" if name == "ece" else f"{share:.2%}"
    if lines := metrics.get("lines"):
        yield "generated lines of validation digits, exactly right", f"{lines['validation_exact']:.2%}"
    if latency := metrics.get("latency_ms"):
        yield "one image, one thread", f"{latency['one']:.2f} ms"


def _seeds(seeds: Mapping[str, Mapping[str, float]] | None) -> str:
    if not seeds:
        return "\nOne seed was trained: how far another would differ is not known.\n"
    head = "\nEvery seed that was trained; the shipped one was best on validation:\n\n"
    named = [name for name in SEED_FIGURES if all(name in found for found in seeds.values())]  # --quick measures less
    return head + _table(("seed", *(SEED_FIGURES[name] for name in named)), _seed_rows(seeds, named))


def _seed_rows(seeds: Mapping[str, Mapping[str, float]], named: Iterable[str]) -> list[list[str]]:
    rows = [[seed, *(f"{found[name]:.2%}" for name in named)] for seed, found in seeds.items()]
    columns = [[found[name] for found in seeds.values()] for name in named]
    mean = ["mean", *(f"{fmean(column):.3%}" for column in columns)]
    spread = [["spread", *(f"{stdev(column):.3%}" for column in columns)]] if len(rows) > 1 else []
    return [*rows, mean, *spread]


def _limits(card: Card) -> str:
    thresholds = ", ".join(f"{name} {value:g}" for name, value in card.thresholds.items()) or "none stored"
    return f"""## Limits

- It knows digits as MNIST's writers and the generator's styles write them; other scripts' digits it does not.
- O, I, S, Z, B and their like are read as the digits they look like: nothing in the ink tells them apart.
- Confidence was made honest on validation data (temperature {card.temperature:.3f}) and holds for such data.
- Thresholds: {thresholds}.
"""


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    titles = list(head)
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
