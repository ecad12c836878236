"""The check of an uploaded artifact, and the process that does it with limits on its memory and time.

    python -m mlcore.untrusted.check FOLDER PARENT < archive.zip

unpacks the archive into the folder and prints a line of JSON, `{"version": "digits-10"}` or `{"error": "…"}`. The files
are checked first, without loading them. Then both networks read pictures once, as they would in service.
"""

import io
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

from mlcore.artifact import CARD, Artifact, ArtifactError, Card, load_artifact
from mlcore.limited_process import end_with, limit_resources
from mlcore.untrusted.archive import PLAIN_NAME, UntrustedError, unpack_archive
from mlcore.untrusted.keras_file import check_keras, check_kernels
from mlcore.untrusted.onnx_file import check_onnx

MAX_CARD_BYTES = 1024 * 1024
VERSION = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}", re.ASCII)
LAYER = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)
MAX_LAYERS = 40
ARCHITECTURES = ("digitscribe", "classic", "lines")
PICTURES = 256  # that are classified at once in service
STRIP_WIDTH = 1_500  # pixels
MEMORY_BYTES = 896 * 1024 * 1024  # addresses; the shipped model needs 550 to 650 MB
CPU_SECONDS = 20


def check_archive(folder: Path) -> Artifact:
    """Unpack standard input into the folder and return the artifact, or raise UntrustedError."""
    unpack_archive(io.BytesIO(sys.stdin.buffer.read()), folder)
    card = folder / CARD
    if not card.exists() or card.stat().st_size > MAX_CARD_BYTES:
        raise UntrustedError(f"{CARD} is missing or too large.")
    artifact = load_artifact(folder)
    check_card(artifact, {path.name for path in folder.iterdir()})
    for network in artifact.card.networks.values():
        check_onnx(artifact.read_bytes(network.onnx))
        if network.keras:
            check_keras(artifact.read_bytes(network.keras))
        if network.kernels:
            check_kernels(artifact.read_bytes(network.kernels))
    try_networks(artifact)
    return artifact


def check_card(artifact: Artifact, names: set[str]) -> None:
    """Check what the card says, beyond what `load_artifact` does for files that nobody forged."""
    card = artifact.card
    used = {name for net in card.networks.values() for name in (net.onnx, net.keras, net.kernels) if name}
    is_plain = (
        isinstance(card.version, str)
        and VERSION.fullmatch(card.version)
        and all(PLAIN_NAME.fullmatch(name) for name in card.files)
        and names == {CARD, *card.files} == {CARD, *used}
        and {"digit"} <= set(card.networks) <= {"digit", "lines"}
        and math.isfinite(card.temperature)
        and all(isinstance(part, dict) for part in (card.thresholds, card.frame, card.metrics, *_trainings(card)))
        and all(_is_number(value) for value in card.thresholds.values())
    )
    if not is_plain or not all(_is_network(network) for network in card.networks.values()):
        raise UntrustedError(f"{CARD} has values that are not allowed, or the ZIP file has other files than it lists.")


def _trainings(card: Card) -> list[Any]:
    """Return what a training from this model reads of its card: its own training, and that of its start."""
    training = card.training
    start = (training.get("start") or {}) if isinstance(training, dict) else None
    parts = [holder.get("data") or {} for holder in (training, start) if isinstance(holder, dict)]
    return [training, start, *parts]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_network(network: Any) -> bool:
    names = [layer.name for layer in network.layers]
    return (
        network.architecture in ARCHITECTURES
        and len(names) <= MAX_LAYERS
        and all(isinstance(name, str) and LAYER.fullmatch(name) for name in names)
        and all(layer.kind in ("conv", "pool") for layer in network.layers)
        and network.averaged in (None, *names)
        and isinstance(network.parameters, int)
        and isinstance(network.signs, str)
        and len(network.signs) <= 40
    )


def try_networks(artifact: Artifact) -> None:
    """Let both networks read as in service, and compare the shapes of their outputs with the card."""
    import numpy as np  # not at the top: the files are checked before anything is loaded

    from mlcore.reading.engine import Engine
    from mlcore.reading.layout.strip import HEIGHT
    from mlcore.reading.reader import Reader

    engine = Engine(artifact)
    images = np.random.default_rng(0).integers(0, 256, (PICTURES, 28, 28), np.uint8)
    shapes = {name: maps.shape[1:] for name, maps in engine.activations(images).items()}
    is_right = engine.logits(images).shape == (PICTURES, 11)
    is_right = is_right and shapes == {layer.name: layer.shape for layer in engine.layers}
    if engine.reads_lines:
        (steps,) = engine.classify_strips([np.zeros((HEIGHT, STRIP_WIDTH), np.uint8)])
        is_right = is_right and steps.shape[1] == 11 + len(engine.signs)
    if not is_right:
        raise UntrustedError("A network gives other outputs than the card says.")
    Reader(artifact)


def main() -> None:
    end_with(int(sys.argv[2]))
    limit_resources(memory_bytes=MEMORY_BYTES, cpu_seconds=CPU_SECONDS)
    try:
        answer = {"version": check_archive(Path(sys.argv[1])).version}
    except (UntrustedError, ArtifactError) as error:
        answer = {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever a hostile file makes a library do, the file is refused
        answer = {"error": f"The files cannot be used ({type(error).__name__})."}
    print(json.dumps(answer))  # noqa: T201 - the output of this process


if __name__ == "__main__":
    main()
