"""The test suite itself: what it selects exists, and what takes longest starts first."""

import pytest

from tests.conftest import ON_POSTGRES_TOO, start_order
from tests.surroundings import ROOT


@pytest.mark.parametrize("place", ON_POSTGRES_TOO)
def test_what_runs_on_postgresql_exists(place: str):
    assert (ROOT / "tests" / place).exists()


def test_the_longest_tests_start_first(request: pytest.FixtureRequest):
    order = [start_order(item) for item in request.session.items]
    assert order == sorted(order)
