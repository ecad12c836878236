"""Tests of the limit of what one person gives to a training."""

import pytest

from mlcore.training.datasets.shares import limit_each


@pytest.mark.parametrize(
    ("numbers", "kept"),
    [
        ([1000, 20, 20], [1000, 20, 20]),  # below four people nobody is limited
        ([1000, 20, 20, 20], [20, 20, 20, 20]),
        ([1000, 100, 100, 100, 100], [133, 100, 100, 100, 100]),
        ([50, 50, 50, 50, 50], [50, 50, 50, 50, 50]),
        ([70, 70, 70, 70, 140], [70, 70, 70, 70, 93]),  # five people, of whom one confirms 200 wrong digits
    ],
)
def test_one_person_gives_at_most_a_quarter_of_all_beside_what_others_give(numbers, kept):
    assert limit_each(numbers, 0.25) == kept


@pytest.mark.parametrize("numbers", [[1000, 1000, 1000], [500], [200, 100, 30, 20], [100] * 8, [300, 200, 40, 30, 20]])
@pytest.mark.parametrize("added", [[1], [1, 1, 1], [19, 19, 19]])
@pytest.mark.parametrize("share", [0.1, 0.25])
def test_newcomers_with_few_digits_take_none_away_from_others(numbers, added, share):
    before, after = limit_each(numbers, share), limit_each([*numbers, *added], share)
    assert all(new >= old for new, old in zip(after, before, strict=False))


@pytest.mark.parametrize("added", [20, 100, 1000])
def test_whoever_joins_four_people_takes_no_digits_away_from_them(added):
    numbers = [1000, 400, 200, 20]
    before, after = limit_each(numbers, 0.25), limit_each([*numbers, added], 0.25)
    assert all(new >= old for new, old in zip(after, before, strict=False))


def test_a_small_share_leaves_most_digits_of_equal_people():
    assert limit_each([100] * 8, 0.1) == [77] * 8
    assert limit_each([100] * 4, 1.0) == [100] * 4
