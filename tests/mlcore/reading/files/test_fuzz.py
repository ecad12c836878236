import pytest

from bench.fuzz_decoder import fuzz, mutant, originals
from mlcore.reading.files.decode import decode


def test_all_undamaged_files_are_read() -> None:
    for data in originals():
        assert decode(data).pixels.size > 0


def test_the_same_number_is_always_the_same_file() -> None:
    assert mutant(1, 5) == mutant(1, 5)
    assert len({mutant(1, number) for number in range(50)}) > 40


@pytest.mark.parametrize("seed", [1, 2])
def test_damaged_files_raise_only_picture_errors(seed: int) -> None:
    tally = fuzz(seed, 0, 1000)
    assert sum(tally.outcomes.values()) == 1000
    assert tally.outcomes["read"] > 50
    assert tally.outcomes["corrupt_image"] > 50
    assert tally.slowest < 1.0
