"""The model card as a page: the content of card.json as Markdown."""

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
    """Return the card as Markdown. All figures come from the card; none is written by hand."""
    sections = [_head(card), _networks(card), _training(card), _results(card), _limits(card)]
    return "\n".join(sections)


def _head(card: Card) -> str:
    people = "No other person's pictures\nwere used."
    start = card.training.get("start") or {}
    if "extra" in {**(start.get("data") or {}), **card.training.get("data", {})}:
        people = "It was also trained on\npictures that its trainer added."
    return f"""# Model card: {card.version}

Generated from `card.json` by `manage.py model_card`.

The model classifies handwritten digits in frames of 28×28 pixels, placed as in MNIST, and estimates the probability
that the frame holds a digit at all. It was trained on MNIST and on synthetic pictures. {people}
"""


def _networks(card: Card) -> str:
    rows = [
        (name, network.architecture, f"{network.parameters:,}", network.onnx, card.files[network.onnx][:12])
        for name, network in card.networks.items()
    ]
    return "## Networks\n\n" + _table(("network", "architecture", "parameters", "file", "SHA-256 begins"), rows)


def _training(card: Card) -> str:
    training = card.training
    plan = training.get("plan", {})
    facts = [
        ("command", f"`{training.get('command', '?')}`"),
        *_origin(training.get("start")),
        ("seed", training.get("seed", "?")),
        ("epochs", plan.get("epochs", "?")),
        ("images per epoch", training.get("images_each_epoch", "?")),
        ("synthetic images", sum(training.get("generated", {}).values())),
        ("time", f"{training.get('seconds', 0) / 60:.0f} minutes"),
        ("hardware", training.get("hardware", "?")),
        ("made", training.get("made", "?")),
        ("software", ", ".join(f"{name} {version}" for name, version in training.get("packages", {}).items())),
    ]
    if lines := training.get("lines"):
        facts.append(("line network", _line_training(lines)))
    hashes = [(name, f"`{digest}`") for name, digest in training.get("data", {}).items()]
    return (
        "## Training\n\n"
        + _table(("property", "value"), facts)
        + "\nSHA-256 of the data (images, then labels):\n\n"
        + _table(("part", "SHA-256"), hashes)
    )


def _origin(start: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if not start:
        return []
    spent = f"{(start.get('seconds') or 0) / 60:.0f} minutes, {start.get('made') or '?'}"
    way = f"; its weights moved {start['way']:.0%} of the way to the newly trained ones" if "way" in start else ""
    origin = f"`{start.get('command') or '?'}` ({spent}), SHA-256 of its card begins {start['digest'][:12]}"
    return [("fine-tuned from", origin + way)]


def _line_training(training: Mapping[str, Any]) -> str:
    text = (
        f"{training['lines']:,} synthetic lines, {training['epochs']} epochs, seed {training['seed']}, "
        f"{training['seconds'] / 60:.0f} minutes on {training.get('hardware', '?')}"
    )
    start = training.get("start")
    if not start:
        return text
    return f"{text}, fine-tuned from {start['version']}" + (f" ({_line_training(start)})" if "lines" in start else "")


def _results(card: Card) -> str:
    parts = [
        "## Results\n",
        "All choices were made on the validation split. The test set was used for these figures only.\n",
    ]
    parts += [_table(("measure", "value"), _measures(card.metrics)), _seeds(card.training.get("seeds"))]
    if robust := card.metrics.get("robustness"):
        parts.append("\nMNIST test with one change to every image:\n")
        parts.append(_table(("change", "correct"), [(name, f"{share:.2%}") for name, share in robust.items()]))
    if refused := card.metrics.get("refusals"):
        parts.append("\nSynthetic pictures without a digit, read as one digit and as a number:\n")
        rows = [(kind, f"{shares['rejected']:.1%}", f"{shares['sure']:.1%}") for kind, shares in refused.items()]
        parts.append(_table(("picture", "rejected", "read as sure"), rows))
    if hands := card.metrics.get("unusual_hands"):
        parts.append("\nSynthetic digits of unusual hands on paper:\n")
        rows = [(name, f"{shares['right']:.1%}", f"{shares['sure but wrong']:.1%}") for name, shares in hands.items()]
        parts.append(_table(("style", "right", "sure but wrong"), rows))
    if letters := card.metrics.get("letters"):
        parts.append("\nSynthetic letters unlike any digit on paper:\n")
        rows = [(case, f"{shares['rejected']:.1%}", f"{shares['sure']:.1%}") for case, shares in letters.items()]
        parts.append(_table(("letters", "rejected", "read as sure"), rows))
    if by_paper := card.metrics.get("numbers_by_gap"):
        parts.append(
            "\nNumbers of one to ten MNIST test digits that are read exactly, by the gap between the digits:\n"
        )
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
        yield "of these answered as sure", f"{read['sure']:.2%}, wrong {read['sure_but_wrong']:.2%}"
    for name, share in metrics.get("validation", {}).items():
        yield f"validation: {name}", f"{share:.4f}" if name == "ece" else f"{share:.2%}"
    if lines := metrics.get("lines"):
        yield "synthetic lines of validation digits, read exactly", f"{lines['validation_exact']:.2%}"
        if "validation_with_sign" in lines:
            yield "those with signs", f"{lines['validation_with_sign']:.2%}"
    for sheet, shares in metrics.get("numbers_with_signs", {}).items():
        for name, share in shares.items():
            yield f"numbers with signs on {sheet}: {name}", f"{share:.2%}"
    if latency := metrics.get("latency_ms"):
        yield "latency of one image on one thread", f"{latency['one']:.2f} ms"


def _seeds(seeds: Mapping[str, Mapping[str, float]] | None) -> str:
    if not seeds:
        return "\nOnly one seed was trained, so the spread between seeds is not known.\n"
    head = "\nAll trained seeds. The shipped model is the best one on validation:\n\n"
    # With --quick fewer figures are measured.
    named = [name for name in SEED_FIGURES if all(name in found for found in seeds.values())]
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

- The model knows digits as written in MNIST and in the synthetic pictures. It does not know digits of other scripts.
- Letters that look like digits, such as O, I, S, Z and B, are read as these digits.
- Confidence was calibrated on validation data (temperature {card.temperature:.3f}) and is valid for similar data only.
- Thresholds: {thresholds}.
"""


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    titles = list(head)
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
