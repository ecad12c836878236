"""Tests of the limit of what one person gives to a training."""

import numpy as np
import pytest

from mlcore.training.datasets.shares import FEWEST_OF_EACH, limit_each


@pytest.mark.parametrize(
    ("numbers", "kept"),
    [
        ([], []),
        ([1000, 20, 20], [1000, 20, 20]),  # a quarter each is not possible for three people
        ([1000, 20, 20, 20], [20, 20, 20, 20]),
        ([1000, 100, 100, 100, 100], [133, 100, 100, 100, 100]),
        ([50, 50, 50, 50, 50], [50, 50, 50, 50, 50]),
        ([70, 70, 70, 70, 140], [70, 70, 70, 70, 93]),  # five people, of whom one confirms 200 wrong digits
        ([10_000, *[19] * 50], [316, *[19] * 50]),  # many people with few digits each
    ],
)
def test_one_person_gives_at_most_a_quarter_of_what_is_learnt(numbers, kept):
    assert limit_each(numbers, 0.25) == kept


def test_two_accounts_do_not_raise_the_limit_of_each_other():
    assert limit_each([10_000, 10_000, 100, 100], 0.25) == [100] * 4
    honest = [100] * 10
    for share in (0.1, 0.25):
        one, two = limit_each([10_000, *honest], share), limit_each([10_000, 10_000, *honest], share)
        assert two[0] + two[1] <= 2 * share * sum(two)
        assert one[0] <= share * sum(one)


@pytest.mark.parametrize("numbers", [[1000, 1000, 1000], [1000, 1000, 1000, 1], [500], [200, 100, 30, 20], [100] * 8])
@pytest.mark.parametrize("added", [[1], [1, 1, 1], [6, 6, 6]])
@pytest.mark.parametrize("share", [0.1, 0.25])
def test_newcomers_with_few_digits_take_none_away_from_others(numbers, added, share):
    before, after = limit_each(numbers, share), limit_each([*numbers, *added], share)
    assert all(new >= old for new, old in zip(after, before, strict=False))


def draw_numbers() -> list[list[int]]:
    """Return what people give in 300 installations: from none to 30 people, of whom some give very much."""
    rng = np.random.default_rng(3)
    return [
        np.floor(np.exp(rng.uniform(0, rng.uniform(1, 9), rng.integers(0, 31)))).astype(int).tolist()
        for _ in range(300)
    ]


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_nobody_gives_more_than_the_share_wherever_there_is_a_limit(share):
    limited = [(numbers, kept) for numbers in draw_numbers() if (kept := limit_each(numbers, share)) != numbers]
    assert len(limited) > 20
    for numbers, kept in limited:
        most = max(kept)
        assert most <= share * sum(kept) + 1e-9
        assert kept == [min(number, most) for number in numbers]
        larger = most + 1
        assert larger > share * sum(min(number, larger) for number in numbers)  # no larger limit keeps the share


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_there_is_a_limit_wherever_it_leaves_enough(share):
    """The limit that is searched one by one is the one that is applied, unless it is too low."""
    for numbers in draw_numbers():
        possible = [
            limit for limit in range(FEWEST_OF_EACH, max(numbers, default=0) + 1)
            if limit <= share * sum(min(number, limit) for number in numbers) + 1e-9
        ]  # fmt: skip
        most = max(possible, default=None)
        assert limit_each(numbers, share) == [number if most is None else min(number, most) for number in numbers]


@pytest.mark.parametrize("share", [0.1, 0.25])
@pytest.mark.parametrize("added", [1, 20, 1000])
def test_more_digits_of_anybody_never_lower_a_limit(share, added):
    limited = [numbers for numbers in draw_numbers() if limit_each(numbers, share) != numbers]
    for numbers in limited:
        before = limit_each(numbers, share)
        more = limit_each([numbers[0] + added, *numbers[1:]], share)
        joined = limit_each([*numbers, added], share)
        assert all(new >= old for after in (more, joined) for new, old in zip(after, before, strict=False))


def test_a_small_share_leaves_most_digits_of_equal_people():
    assert limit_each([100] * 10, 0.1) == [100] * 10
    assert limit_each([100] * 4, 1.0) == [100] * 4
