"""The test suite itself: what it selects exists."""

import pytest

from tests.conftest import ON_POSTGRES_TOO
from tests.surroundings import ROOT


@pytest.mark.parametrize("place", ON_POSTGRES_TOO)
def test_what_runs_on_postgresql_exists(place: str):
    assert (ROOT / "tests" / place).exists()
