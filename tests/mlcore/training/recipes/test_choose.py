from pathlib import Path

import pytest

from mlcore.artifact import Artifact, ArtifactError, Card, Network, save_artifact
from mlcore.training.recipes.choose import choose_artifact, mean_and_spread

DATA = {"train": "0a", "validation": "0b", "test": "0c"}


def trained(folder: Path, seed: int, validation: float, test: float, data: dict[str, str] = DATA) -> Artifact:
    metrics = {"validation": {"both": validation}, "test": {"accuracy": test}}
    training = {"seed": seed, "data": data}
    card = Card("digits-1", {"digit": Network("tiny", onnx="m")}, 1.0, training=training, metrics=metrics)
    return save_artifact(folder / f"seed-{seed}-{test}", card, {"m": str(seed).encode()})


def test_the_validation_decides_not_the_test(tmp_path: Path) -> None:
    artifacts = [trained(tmp_path, 1, 0.98, 0.999), trained(tmp_path, 2, 0.99, 0.991)]
    chosen = choose_artifact(artifacts, tmp_path / "digits-2")
    assert chosen.version == "digits-2"
    assert chosen.card.training["seed"] == 2
    assert chosen.read_bytes("m") == b"2"
    assert chosen.card.training["seeds"]["1"] == {"validation": 0.98, "test": 0.999}


def test_mean_and_spread_are_taken_over_the_seeds() -> None:
    mean, spread = mean_and_spread({"1": {"test": 0.99}, "2": {"test": 0.97}}, "test")
    assert mean == pytest.approx(0.98)
    assert spread == pytest.approx(0.01 * 2**0.5)


def test_a_later_seed_joins_the_earlier_ones(tmp_path: Path) -> None:
    first = choose_artifact([trained(tmp_path, 1, 0.98, 0.999), trained(tmp_path, 2, 0.99, 0.991)], tmp_path / "two")
    chosen = choose_artifact([first, trained(tmp_path, 3, 0.985, 0.995)], tmp_path / "three")
    assert chosen.card.training["seed"] == 2
    assert [figures["test"] for figures in chosen.card.training["seeds"].values()] == [0.999, 0.991, 0.995]


def test_models_trained_on_other_digits_are_not_compared(tmp_path: Path) -> None:
    artifacts = [trained(tmp_path, 1, 0.98, 0.999), trained(tmp_path, 2, 0.99, 0.991, {**DATA, "train": "1a"})]
    with pytest.raises(ArtifactError, match="the same digits"):
        choose_artifact(artifacts, tmp_path / "digits-2")


def test_a_seed_cannot_be_trained_twice(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="Seed 1 was trained twice"):
        choose_artifact([trained(tmp_path, 1, 0.98, 0.999), trained(tmp_path, 1, 0.99, 0.991)], tmp_path / "digits-2")
