import numpy as np
import pytest

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.explaining.explainer import Explainer
from mlcore.explaining.occlusion import Image
from mlcore.reading.engine import Engine
from mlcore.reading.files.decode import decode
from mlcore.reading.reader import Reader
from tests.pictures import digit_png


@pytest.fixture(scope="session")
def explainer() -> Explainer:
    return Explainer(Engine(load_artifact(SHIPPED)))


@pytest.fixture(scope="session")
def seven() -> Image:
    """Return the reader's input for a 7, (28, 28)."""
    reader = Reader(load_artifact(SHIPPED))
    (glyph,) = reader.read_picture(decode(digit_png(7, seed=3)), "digit").glyphs
    return glyph.input


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
