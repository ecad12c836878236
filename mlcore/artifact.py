"""Artifacts: a trained model as a folder with its files, and a card that lists, hashes and describes them.

Covered: a file that is missing, truncated, changed or swapped, and a folder that was replaced as a whole if its digest
is stored elsewhere, as the database does.
Not covered: who made the folder. Without a digest from elsewhere, card and files can be forged together.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from mlcore.atomic_files import make_folder_atomic, open_atomic

FORMAT = 1  # 1: card.json with networks, files, temperature, thresholds, frame, training, metrics
CARD = "card.json"
SHIPPED = Path(__file__).parent / "artifacts" / "digits-10"


class ArtifactError(Exception):
    """A folder that is not a valid artifact. The message names the file and what is wrong."""


@dataclass(frozen=True)
class Layer:
    """A layer whose activations the network returns under this name."""

    name: str
    kind: Literal["conv", "pool"]
    shape: tuple[int, int, int]  # height, width, channels


@dataclass(frozen=True)
class Network:
    """One network of the artifact with the names of its files."""

    architecture: str
    onnx: str
    keras: str | None = None
    kernels: str | None = None
    layers: tuple[Layer, ...] = ()
    averaged: str | None = None  # the layer that is averaged before the last one: its class maps are exact
    parameters: int = 0
    signs: str = ""  # that a line network reads, in the order of its classes behind the eleventh


@dataclass(frozen=True)
class Card:
    """The description of an artifact, stored as card.json."""

    version: str
    networks: Mapping[str, Network]  # "digit", and "lines" where the model reads numbers
    temperature: float
    thresholds: Mapping[str, float] = field(default_factory=dict)
    frame: Mapping[str, Any] = field(default_factory=dict)  # how a digit is placed in the network's input
    training: Mapping[str, Any] = field(default_factory=dict)  # command, seed, data, hardware, packages
    metrics: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)  # name → SHA-256, filled in by save_artifact
    format: int = FORMAT


@dataclass(frozen=True)
class Artifact:
    """A folder whose files have all been checked."""

    folder: Path
    card: Card
    digest: str  # SHA-256 of card.json, which holds the SHA-256 of every file

    @property
    def version(self) -> str:
        return self.card.version

    def card_as_dict(self) -> dict[str, Any]:
        """Return the content of card.json."""
        return asdict(self.card)

    def read_bytes(self, name: str) -> bytes:
        """Return a file's bytes, checked again, because the file may have changed since the artifact was loaded."""
        return _read_checked(self.folder, name, self.card.files[name])


def load_artifact(folder: Path, *, digest: str | None = None) -> Artifact:
    """Load an artifact and check every file, and the card itself if its digest is given."""
    content = _read(folder, CARD)
    found = hashlib.sha256(content).hexdigest()
    if digest is not None and found != digest:
        raise ArtifactError(f"{folder.name}/{CARD} is not the one that was registered.")
    card = _parse(folder, content)
    for name, expected in card.files.items():
        _read_checked(folder, name, expected)
    return Artifact(folder, card, found)


def save_artifact(folder: Path, card: Card, files: Mapping[str, bytes | Path]) -> Artifact:
    """Write an artifact to a new folder, which appears only when it is complete."""
    if folder.exists():
        raise ArtifactError(f"{folder} already exists.")
    with make_folder_atomic(folder) as unfinished:
        digests = {}
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.read_bytes()
            _write(unfinished / name, data)
            digests[name] = hashlib.sha256(data).hexdigest()
        text = json.dumps(asdict(card) | {"files": digests}, indent=2, ensure_ascii=False) + "\n"
        _write(unfinished / CARD, text.encode())
    return load_artifact(folder)


def _write(path: Path, data: bytes) -> None:
    with open_atomic(path) as file:
        file.write(data)


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ArtifactError(f"{folder.name}/{name} cannot be read: {error.strerror}.") from error


def _read_checked(folder: Path, name: str, expected: str) -> bytes:
    data = _read(folder, name)
    if hashlib.sha256(data).hexdigest() != expected:
        raise ArtifactError(f"{folder.name}/{name} is damaged or was replaced: its SHA-256 differs from the card.")
    return data


def _parse(folder: Path, content: bytes) -> Card:
    try:
        fields = json.loads(content)
        version = fields["format"]
    except (ValueError, TypeError, KeyError) as error:
        raise ArtifactError(f"{folder.name}/{CARD} is damaged.") from error
    if version != FORMAT:
        raise ArtifactError(f"{folder.name} has format {version}; this program reads format {FORMAT}.")
    try:
        card = Card(**fields | {"networks": {k: _network(v) for k, v in fields["networks"].items()}})
        named = {n for net in card.networks.values() for n in (net.onnx, net.keras, net.kernels) if n}
        has_plain_names = all(Path(name).name == name for name in card.files)
        is_consistent = has_plain_names and named <= set(card.files) and float(card.temperature) > 0
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArtifactError(f"{folder.name}/{CARD} lacks a required field: {error}.") from error
    if not is_consistent:
        raise ArtifactError(f"{folder.name}/{CARD} is inconsistent.")
    return card


def _network(fields: Mapping[str, Any]) -> Network:
    layers = tuple(Layer(la["name"], la["kind"], tuple(la["shape"])) for la in fields["layers"])
    return Network(**{**fields, "layers": layers})
