from pathlib import Path

import numpy as np
import pytest

from mlcore.artifact import SHIPPED, Artifact, Card, load_artifact, save_artifact
from mlcore.explaining.explainer import Explainer
from mlcore.explaining.occlusion import Image
from mlcore.reading.decode import decode
from mlcore.reading.engine import Engine
from mlcore.reading.reader import Reader
from tests.pictures import digit_png


@pytest.fixture(scope="session")
def explainer() -> Explainer:
    return Explainer(Engine(load_artifact(SHIPPED)))


@pytest.fixture(scope="session")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The other architecture, as the trainer exports it, with random weights; its convolutions do not pad."""
    import keras  # noqa: TID251  (the trainer is what is asked)

    from mlcore.training.export import exported
    from mlcore.training.network import build

    keras.utils.set_random_seed(1)
    network, files = exported(build("classic"), "classic")
    folder: Path = tmp_path_factory.mktemp("artifacts") / "classic-0"
    return save_artifact(folder, Card("classic-0", {"digit": network}, temperature=1.0), files)


@pytest.fixture(scope="session")
def seven() -> Image:
    """(28, 28), as the reader prepares it."""
    reader = Reader(load_artifact(SHIPPED))
    (glyph,) = reader.read_picture(decode(digit_png(7, seed=3)), "digit").glyphs
    return glyph.input


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
