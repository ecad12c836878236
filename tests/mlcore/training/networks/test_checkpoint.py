from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras")

from mlcore.training.networks.checkpoint import Checkpoint, load_checkpoint, save_checkpoint


def test_what_was_saved_comes_back_in_order(tmp_path: Path) -> None:
    weights = [np.full((2, 3), value, np.float32) for value in range(12)]
    path = tmp_path / "new" / "checkpoint.npz"
    save_checkpoint(path, Checkpoint({"weights": weights, "best": weights[:1]}, {"history": [{"loss": 0.5}]}))
    found = load_checkpoint(path)
    assert found is not None
    assert found.about == {"history": [{"loss": 0.5}]}
    assert [float(array[0, 0]) for array in found.arrays["weights"]] == list(range(12))
    assert len(found.arrays["best"]) == 1
    assert list(path.parent.iterdir()) == [path]


def test_where_there_is_none_there_is_none(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "checkpoint.npz") is None
