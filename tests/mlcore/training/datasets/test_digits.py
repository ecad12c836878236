from pathlib import Path

import numpy as np
import pytest

from mlcore.reading.engine import NOT_A_DIGIT
from mlcore.reading.layout.normalise import normalise
from mlcore.training.datasets import digits as synthetic_digits
from mlcore.training.datasets.digits import DigitCounts, render_digits
from mlcore.training.datasets.mnist import Digits
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.sheets import ANY_PAPER

FEW = DigitCounts(clean=12, sheet=6, mnist_sheet=6, coarse=6, negative=10, line=12)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def rendered(cache: Path, digits: Digits) -> Digits:
    return render_digits(FEW, digits, seed=1, cache=cache)


def test_each_kind_has_its_number_of_images_and_its_labels(rendered: Digits) -> None:
    assert len(rendered) == FEW.total
    parts = np.split(rendered.labels, np.cumsum(list(vars(FEW).values()))[:-1])
    by_kind = dict(zip(vars(FEW), parts, strict=True))
    assert (by_kind.pop("negative") == NOT_A_DIGIT).all()
    assert (by_kind.pop("line") <= NOT_A_DIGIT).all()  # includes signs between the digits
    assert all((labels < NOT_A_DIGIT).all() for labels in by_kind.values())


def test_every_image_shows_ink(rendered: Digits) -> None:
    assert (rendered.images.max(axis=(1, 2)) > 60).all()
    assert rendered.images.dtype == np.uint8


def test_a_second_call_uses_the_cache(rendered: Digits, cache: Path, digits: Digits) -> None:
    (cached,) = cache.glob("synthetic-*.npz")
    before = cached.stat().st_mtime_ns
    assert render_digits(FEW, digits, seed=1, cache=cache).digest == rendered.digest
    assert cached.stat().st_mtime_ns == before


def test_another_seed_gives_other_images(rendered: Digits, cache: Path, digits: Digits) -> None:
    assert render_digits(FEW, digits, seed=2, cache=cache).digest != rendered.digest


def test_the_same_seed_gives_the_same_images(rendered: Digits, tmp_path: Path, digits: Digits) -> None:
    assert render_digits(FEW, digits, seed=1, cache=tmp_path).digest == rendered.digest


def test_the_clean_ink_replaces_a_sheet_that_was_misread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a sheet of solid black would otherwise be labelled as a digit."""
    ink = write_digit(3, np.random.default_rng(0))
    monkeypatch.setattr(synthetic_digits, "render_sheet", lambda *arguments: np.zeros((60, 60, 3), np.uint8))
    frame = synthetic_digits.read_from_sheet(ink, ANY_PAPER, np.random.default_rng(0))
    assert np.array_equal(frame, normalise(ink))
