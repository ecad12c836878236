from pathlib import Path

import numpy as np
import pytest

from mlcore.reading.engine import NOT_A_DIGIT
from mlcore.training.datasets import digits as pool
from mlcore.training.datasets.mnist import Digits

FEW = pool.Amounts(clean=12, sheet=6, mnist_sheet=6, coarse=6, negative=10, line=12)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pool")


@pytest.fixture(scope="module")
def made(cache: Path, digits: Digits) -> Digits:
    return pool.generate(FEW, digits, seed=1, cache=cache)


def test_it_makes_as_many_as_asked_and_labels_negatives(made: Digits) -> None:
    assert len(made) == FEW.total
    parts = np.split(made.labels, np.cumsum(list(vars(FEW).values()))[:-1])
    by_kind = dict(zip(vars(FEW), parts, strict=True))
    assert (by_kind.pop("negative") == NOT_A_DIGIT).all()
    assert (by_kind.pop("line") <= NOT_A_DIGIT).all()  # signs stand among its digits
    assert all((labels < NOT_A_DIGIT).all() for labels in by_kind.values())


def test_every_image_shows_something_within_the_frame(made: Digits) -> None:
    assert (made.images.max(axis=(1, 2)) > 60).all()
    assert made.images.dtype == np.uint8


def test_it_is_kept_and_found_again(made: Digits, cache: Path, digits: Digits) -> None:
    (kept,) = cache.glob("pool-*.npz")
    before = kept.stat().st_mtime_ns
    assert pool.generate(FEW, digits, seed=1, cache=cache).digest == made.digest
    assert kept.stat().st_mtime_ns == before


def test_another_seed_makes_others(made: Digits, cache: Path, digits: Digits) -> None:
    assert pool.generate(FEW, digits, seed=2, cache=cache).digest != made.digest


def test_the_same_seed_makes_the_same_again(made: Digits, tmp_path: Path, digits: Digits) -> None:
    assert pool.generate(FEW, digits, seed=1, cache=tmp_path).digest == made.digest


def test_where_the_reader_saw_something_else_the_clean_ink_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a sheet of solid black would otherwise be taught as a digit."""
    ink = pool.handwriting.write_digit(3, np.random.default_rng(0))
    monkeypatch.setattr(pool.paper, "on_paper", lambda *given: np.zeros((60, 60, 3), np.uint8))
    seen = pool._through(ink, pool.paper.ANY, np.random.default_rng(0))
    assert np.array_equal(seen, pool.normalise.normalise(ink))
