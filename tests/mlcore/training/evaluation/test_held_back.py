"""Tests of the comparison on digits that were held back."""

from dataclasses import replace

import numpy as np
import pytest

from mlcore.artifact import save_artifact
from mlcore.training.datasets.mnist import Digits
from mlcore.training.datasets.reviewed_strips import NumberPicture
from mlcore.training.evaluation.held_back import (
    UNREVIEWED,
    HeldBack,
    HeldBackResult,
    NumberShare,
    UnreviewedDigits,
    chance_of_equal,
    compare_held_back,
    compare_numbers,
    judge_held_back,
)
from tests.handwriting import handwritten_png
from tests.training import write_digits


def held_back(digits: Digits, corrected: list[bool] | None = None) -> HeldBack:
    return HeldBack.of_single_digits(digits, np.array(corrected or [False] * len(digits), np.bool_))


def test_a_model_compared_with_itself_is_not_shown_to_be_better(artifact):
    result = compare_held_back(artifact, artifact, held_back(write_digits(30, seed=5), [True] * 10 + [False] * 20))
    assert result.active == result.candidate > 0.8
    assert (result.corrected.digits, result.confirmed.digits, result.pictures) == (10, 20, 30)
    assert result.chance == 1
    assert not result.check.passed


def test_numbers_are_compared_picture_by_picture(artifact, tmp_path):
    """A model without a line network reads no number, so it loses all that the active model reads."""
    pictures = [NumberPicture(handwritten_png(text, seed=3), "number", text) for text in ("407", "15", "2683")]
    pictures += [NumberPicture(handwritten_png("52"), "number", "25"), NumberPicture(b"no picture", "number", "12")]
    digits_alone = replace(artifact.card, networks={"digit": artifact.card.networks["digit"]})
    files = {name: artifact.read_bytes(name) for name in artifact.card.files}
    without_lines = save_artifact(tmp_path / "digits-0", digits_alone, files)
    asked: list[None] = []
    lost = compare_numbers(artifact, without_lines, iter(pictures), lambda: asked.append(None))
    assert lost == NumberShare(pictures=4, active=3, candidate=0, gained=0, lost=3)
    assert compare_numbers(without_lines, artifact, pictures, lambda: None) == NumberShare(4, 0, 3, 3, 0)
    assert len(asked) == 5


def test_without_numbers_nothing_is_said_of_them(artifact):
    assert compare_held_back(artifact, artifact, held_back(write_digits(3, seed=5))).numbers is None


def test_without_digits_nothing_is_shown(artifact):
    result = compare_held_back(
        artifact, artifact, held_back(Digits(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8)))
    )
    assert (result.pictures, result.chance, result.check.passed) == (0, 1.0, False)


def judge(
    before: list[int],
    after: list[int],
    labels: list[int],
    *,
    audited: list[float] | None = None,
    pictures: list[int] | None = None,
) -> HeldBackResult:
    """Compare two models by the classes that they give to digits, of which each is a picture unless told otherwise."""
    count = len(labels)
    kept = HeldBack(
        Digits(np.zeros((count, 28, 28), np.uint8), np.array(labels, np.uint8)),
        pictures=np.array(range(count) if pictures is None else pictures),
        corrected=np.array(before) != np.array(labels),
        audited=np.array(audited or [0.0] * count),
    )
    return judge_held_back(np.array(before), np.array(after), kept)


def test_many_gains_are_shown_and_few_are_not():
    assert chance_of_equal(np.array([1.0] * 20 + [0.0] * 80)) < 0.001
    assert chance_of_equal(np.array([1.0] * 2 + [-1.0] * 1 + [0.0] * 97)) == pytest.approx(0.5, abs=0.03)
    assert chance_of_equal(np.array([-1.0] * 20)) == 1


def test_the_chance_is_that_of_tossed_coins():
    """Four gains and no loss come by chance in a sixteenth of the cases, five in one of 32."""
    assert chance_of_equal(np.ones(1)) == pytest.approx(1 / 2, abs=0.02)
    assert chance_of_equal(np.ones(4)) == pytest.approx(1 / 16, abs=0.01)
    assert chance_of_equal(np.ones(5)) == pytest.approx(1 / 32, abs=0.01)


def test_a_single_picture_shows_nothing():
    assert not judge([1], [7], [7]).check.passed
    assert judge([1] * 5, [7] * 5, [7] * 5).check.passed


def test_audits_that_cannot_pass_a_test_of_their_own_do_not_raise_the_chance():
    five = judge([1] * 5, [7] * 5, [7] * 5)
    assert five.check.passed
    unchanged = judge([1] * 5 + [3], [7] * 5 + [3], [7] * 5 + [UNREVIEWED], audited=[0.0] * 5 + [50.0])
    assert unchanged.chance == five.chance
    assert judge([1] * 5, [7] * 5, [7] * 5, audited=[20.0] * 5).chance == five.chance


def test_six_audited_pictures_that_differ_are_a_second_test():
    """Six gains and no loss come by chance in one of 64 cases, and as often in one of two tests as in one of 32."""
    before, after, labels = [1] * 12, [7] * 12, [7] * 6 + [1] * 6
    audited = [20.0] * 6 + [0.0] * 6
    assert judge(before, after, labels).chance > 0.5
    assert judge(before, after, labels, audited=audited).chance == pytest.approx(1 / 32, abs=0.01)
    assert judge(before, after, labels, audited=[0.0, *audited[1:]]).chance > 0.5


def test_a_digit_that_nobody_reviewed_counts_for_the_active_model_where_they_differ():
    result = judge([1, 1, 1, 1], [7, 7, 1, 7], [7, 7, UNREVIEWED, UNREVIEWED])
    assert result.unreviewed == UnreviewedDigits(digits=2, changed=1)
    assert (result.pictures, result.corrected.digits, result.corrected.candidate) == (2, 2, 2)
    assert (result.active, result.candidate) == pytest.approx((1 / 3, 2 / 3))
    corrected = [7] * 30
    assert judge([1] * 60, [7] * 30 + [1] * 30, [*corrected, *[UNREVIEWED] * 30]).check.passed
    assert not judge([1] * 60, [7] * 60, [*corrected, *[UNREVIEWED] * 30]).check.passed


def test_digits_of_one_picture_are_not_independent():
    before, after, labels = [1] * 40, [7] * 40, [7] * 30 + [1] * 10
    alone = judge(before, after, labels)
    together = judge(before, after, labels, pictures=[number // 10 for number in range(40)])
    assert alone.check.passed
    assert not together.check.passed


def give_classes(labels: np.ndarray, error: float, rng: np.random.Generator) -> np.ndarray:
    """Return what a model reads that errs in this share of the digits."""
    return np.where(rng.random(len(labels)) < error, (labels + rng.integers(1, 10, len(labels))) % 10, labels)


def pass_rate(error: float, corrected: float, confirmed: float, audited: float, runs: int = 300) -> float:
    """Return how often a candidate that errs so often passes, where the active model errs in 10 % of 400 pictures.

    People correct and confirm these shares of its errors and right answers, and answer audits of this share.
    """
    passed = 0
    for seed in range(runs):
        rng = np.random.default_rng([seed, 8])
        labels = rng.integers(0, 10, 400)
        before, after = give_classes(labels, 0.1, rng), give_classes(labels, error, rng)
        are_audited = rng.random(400) < audited
        reviewed = are_audited | (rng.random(400) < np.where(before == labels, confirmed, corrected))
        known = np.where(reviewed, labels, UNREVIEWED)
        inverse = np.where(are_audited, 1 / max(audited, 1e-9), 0.0)
        passed += judge(before.tolist(), after.tolist(), known.tolist(), audited=inverse.tolist()).check.passed
    return passed / runs


REVIEWS = [(1, 0, 0), (0.5, 0, 0), (1, 0.02, 0.02), (0.5, 0.5, 0.1), (0, 0, 0.3), (1, 1, 0), (0, 1, 0)]


@pytest.mark.parametrize(("corrected", "confirmed", "audited"), REVIEWS)
def test_an_equal_candidate_is_seldom_shown_to_be_better(corrected, confirmed, audited):
    assert pass_rate(0.1, corrected, confirmed, audited) <= 0.06


@pytest.mark.parametrize(
    ("corrected", "confirmed", "audited"),
    [(1, 0, 0), (0.9, 0.2, 0.02), (1, 1, 0), (0, 0, 0.5)],
    ids=["errors alone", "most errors", "everything", "half of it audited"],
)
def test_a_much_better_candidate_is_shown_to_be_better(corrected, confirmed, audited):
    assert pass_rate(0.02, corrected, confirmed, audited, runs=50) >= 0.8


def test_nothing_is_shown_where_half_of_the_errors_were_not_reviewed():
    """The digits that a better candidate reads differently might as well be wrong."""
    assert pass_rate(0.02, 0.5, 0, 0, runs=50) == 0


def test_the_result_is_reproducible():
    gains = np.random.default_rng(1).choice([-1.0, 0.0, 1.0], 60)
    assert chance_of_equal(gains) == chance_of_equal(gains)
