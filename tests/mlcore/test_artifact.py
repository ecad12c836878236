import json
from pathlib import Path

import pytest

from mlcore.artifact import Artifact, ArtifactError, Card, Layer, Network, load_artifact, save_artifact

NETWORK = Network("tiny", onnx="model.onnx", kernels="weights.npz", layers=(Layer("conv1", "conv", (28, 28, 2)),))
CARD = Card(version="digits-7", networks={"digit": NETWORK}, temperature=1.5, thresholds={"read": 0.9})
FILES = {"model.onnx": b"a graph", "weights.npz": b"kernels"}


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    return save_artifact(tmp_path / "digits-7", CARD, FILES)


def change_card(artifact: Artifact, **changes: object) -> None:
    path = artifact.folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_saved_artifact_loads_unchanged(artifact: Artifact) -> None:
    loaded = load_artifact(artifact.folder, digest=artifact.digest)
    assert loaded == artifact
    assert loaded.card.networks["digit"] == NETWORK
    assert loaded.read_bytes("model.onnx") == b"a graph"


def test_a_flipped_bit_is_noticed(artifact: Artifact) -> None:
    (artifact.folder / "model.onnx").write_bytes(b"a grapi")
    with pytest.raises(ArtifactError, match=r"model\.onnx is damaged"):
        load_artifact(artifact.folder)


def test_a_truncated_file_is_noticed(artifact: Artifact) -> None:
    (artifact.folder / "weights.npz").write_bytes(b"kern")
    with pytest.raises(ArtifactError, match=r"weights\.npz is damaged"):
        load_artifact(artifact.folder)


def test_a_missing_file_is_named(artifact: Artifact) -> None:
    (artifact.folder / "weights.npz").unlink()
    with pytest.raises(ArtifactError, match=r"weights\.npz cannot be read"):
        load_artifact(artifact.folder)


def test_a_file_swapped_after_loading_is_noticed_when_it_is_used(artifact: Artifact) -> None:
    (artifact.folder / "model.onnx").write_bytes(b"another")
    with pytest.raises(ArtifactError):
        artifact.read_bytes("model.onnx")


def test_a_folder_replaced_as_a_whole_is_noticed_by_the_digest(artifact: Artifact, tmp_path: Path) -> None:
    other = save_artifact(tmp_path / "other", CARD, {**FILES, "model.onnx": b"a forged graph"})
    assert load_artifact(other.folder).digest != artifact.digest
    with pytest.raises(ArtifactError, match="not the one that was registered"):
        load_artifact(other.folder, digest=artifact.digest)


def test_an_unknown_format_is_refused(artifact: Artifact) -> None:
    change_card(artifact, format=99)
    with pytest.raises(ArtifactError, match="format 99"):
        load_artifact(artifact.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1}', '{"format": 1, "networks": []}'])
def test_a_damaged_card_is_refused(artifact: Artifact, text: str) -> None:
    (artifact.folder / "card.json").write_text(text)
    with pytest.raises(ArtifactError):
        load_artifact(artifact.folder)


def test_a_card_cannot_reach_outside_its_folder(artifact: Artifact) -> None:
    outside = artifact.folder.parent / "secret"
    outside.write_bytes(b"a graph")
    change_card(artifact, files=artifact.card.files | {"../secret": artifact.card.files["model.onnx"]})
    with pytest.raises(ArtifactError, match="is inconsistent"):
        load_artifact(artifact.folder)


def test_a_network_whose_file_is_not_hashed_is_refused(artifact: Artifact) -> None:
    change_card(artifact, files={"weights.npz": artifact.card.files["weights.npz"]})
    with pytest.raises(ArtifactError, match="is inconsistent"):
        load_artifact(artifact.folder)


def test_an_existing_folder_is_not_overwritten(artifact: Artifact) -> None:
    with pytest.raises(ArtifactError, match="already exists"):
        save_artifact(artifact.folder, CARD, FILES)


def test_a_failed_save_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        save_artifact(tmp_path / "digits-8", CARD, {**FILES, "model.keras": tmp_path / "missing"})
    assert list(tmp_path.iterdir()) == []
