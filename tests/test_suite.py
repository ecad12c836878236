"""The test suite itself: what it selects exists, and what takes longest starts first."""

import pytest

from tests.conftest import ON_POSTGRES_TOO, start_order
from tests.surroundings import ROOT
from tests.thorough import THOROUGH


@pytest.mark.parametrize("place", ON_POSTGRES_TOO)
def test_what_runs_on_postgresql_exists(place: str):
    assert (ROOT / "tests" / place).exists()


@pytest.mark.parametrize("place", THOROUGH)
def test_what_is_thorough_exists(place: str):
    file, _, name = place.partition("::")
    found = [path for path in (ROOT / "tests").glob(f"{file}*") if f"def {name}" in path.read_text(encoding="utf-8")]
    assert found


def test_the_longest_tests_start_first(request: pytest.FixtureRequest):
    order = [start_order(item) for item in request.session.items]
    assert order == sorted(order)
