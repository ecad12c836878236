"""A trained network as a folder: its files, and a card that names them, hashes them and says how they came to be.

What is covered: a file that is missing, cut, changed or swapped for another, and (with a digest kept
elsewhere, as the database does) a folder that was replaced as a whole.
What is not: who made the folder. Without a digest from elsewhere, card and files could be forged together.
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
SHIPPED = Path(__file__).parent / "artifacts" / "digits-8"


class ArtifactError(Exception):
    """The folder is no artifact that can be trusted: it says which file, and what is wrong."""


@dataclass(frozen=True)
class Layer:
    """A feature map that the network gives out by this name."""

    name: str
    kind: Literal["conv", "pool"]
    shape: tuple[int, int, int]  # height, width, channels


@dataclass(frozen=True)
class Network:
    """One network of the artifact, and the names of its files."""

    architecture: str
    onnx: str
    keras: str | None = None
    kernels: str | None = None
    layers: tuple[Layer, ...] = ()
    averaged: str | None = None  # the layer whose spatial mean the last one weighs: its class maps are exact
    parameters: int = 0


@dataclass(frozen=True)
class Card:
    """Everything known about the artifact; the JSON of it is card.json."""

    version: str
    networks: Mapping[str, Network]  # "digit", and what else the reader needs
    temperature: float
    thresholds: Mapping[str, float] = field(default_factory=dict)
    frame: Mapping[str, Any] = field(default_factory=dict)  # how a picture is laid before the network
    training: Mapping[str, Any] = field(default_factory=dict)  # command, seed, data, hardware, packages
    metrics: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)  # name → SHA-256; filled by save_artifact
    format: int = FORMAT


@dataclass(frozen=True)
class Artifact:
    """A folder whose every file was checked."""

    folder: Path
    card: Card
    digest: str  # SHA-256 of card.json, which holds the SHA-256 of every file

    @property
    def version(self) -> str:
        return self.card.version

    def card_as_dict(self) -> dict[str, Any]:
        """What card.json says, for whoever stores or shows it as JSON."""
        return asdict(self.card)

    def read_bytes(self, name: str) -> bytes:
        """The file's bytes, checked again: what is used is what was verified."""
        return _read_checked(self.folder, name, self.card.files[name])


def load_artifact(folder: Path, *, digest: str | None = None) -> Artifact:
    """Checks every file, and the card itself if its digest is known from elsewhere."""
    written = _read(folder, CARD)
    found = hashlib.sha256(written).hexdigest()
    if digest is not None and found != digest:
        raise ArtifactError(f"{folder.name}/{CARD} is not the one that was registered.")
    card = _parse(folder, written)
    for name, expected in card.files.items():
        _read_checked(folder, name, expected)
    return Artifact(folder, card, found)


def save_artifact(folder: Path, card: Card, files: Mapping[str, bytes | Path]) -> Artifact:
    """Writes beside the folder first and renames: nobody ever sees half an artifact."""
    if folder.exists():
        raise ArtifactError(f"{folder} exists already.")
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
        raise ArtifactError(f"{folder.name}/{name} is damaged or was swapped: its SHA-256 is not the card's.")
    return data


def _parse(folder: Path, written: bytes) -> Card:
    try:
        fields = json.loads(written)
        version = fields["format"]
    except (ValueError, TypeError, KeyError) as error:
        raise ArtifactError(f"{folder.name}/{CARD} is damaged.") from error
    if version != FORMAT:
        raise ArtifactError(f"{folder.name} has format {version}; this program reads format {FORMAT}.")
    try:
        card = Card(**fields | {"networks": {k: _network(v) for k, v in fields["networks"].items()}})
        named = {n for net in card.networks.values() for n in (net.onnx, net.keras, net.kernels) if n}
        plain = all(Path(name).name == name for name in card.files)
        ok = plain and named <= set(card.files) and float(card.temperature) > 0
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArtifactError(f"{folder.name}/{CARD} lacks what a card must say: {error}.") from error
    if not ok:
        raise ArtifactError(f"{folder.name}/{CARD} contradicts itself.")
    return card


def _network(fields: Mapping[str, Any]) -> Network:
    layers = tuple(Layer(la["name"], la["kind"], tuple(la["shape"])) for la in fields["layers"])
    return Network(**{**fields, "layers": layers})
