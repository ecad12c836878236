from pathlib import Path

import numpy as np

from tests.training import needs_keras

pytestmark = needs_keras


def test_a_saved_checkpoint_loads_in_order(tmp_path: Path) -> None:
    from mlcore.training.networks.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

    weights = [np.full((2, 3), value, np.float32) for value in range(12)]
    path = tmp_path / "new" / "checkpoint.npz"
    save_checkpoint(path, Checkpoint({"weights": weights, "best": weights[:1]}, {"history": [{"loss": 0.5}]}))
    loaded = load_checkpoint(path)
    assert loaded is not None
    assert loaded.facts == {"history": [{"loss": 0.5}]}
    assert [float(array[0, 0]) for array in loaded.arrays["weights"]] == list(range(12))
    assert len(loaded.arrays["best"]) == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_checkpoint_is_none(tmp_path: Path) -> None:
    from mlcore.training.networks.checkpoint import load_checkpoint

    assert load_checkpoint(tmp_path / "checkpoint.npz") is None
