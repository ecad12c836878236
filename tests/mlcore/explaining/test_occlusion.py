import math

import numpy as np
import pytest

from mlcore.explaining.occlusion import Change, list_changes, log_odds, occlude


def naive_loss(engine, image, digit, top, left, size, value):
    """Return the loss by one change, computed with plain floats."""
    changed = image.copy()
    for row in range(top, top + size):
        for column in range(left, left + size):
            changed[row, column] = value
    odds = []
    for asked in (image, changed):
        raised = [math.exp(float(logit)) for logit in engine.logits(asked[np.newaxis])[0]]
        odds.append(math.log(raised[digit] / (sum(raised) - raised[digit])))
    return odds[0] - odds[1]


@pytest.mark.parametrize("digit", [7, 2])
def test_the_map_equals_a_naive_loop(explainer, seven, digit):
    total, count = np.zeros((28, 28)), np.zeros((28, 28))
    slopes = {6: [1, 2, 3, 3, 2, 1], 4: [1, 2, 2, 1]}
    starts = {6: [0, 4, 8, 12, 16, 20, 22], 4: [0, 4, 8, 12, 16, 20, 24]}
    inked = seven >= 96
    rows, columns = inked.any(axis=1).nonzero()[0], inked.any(axis=0).nonzero()[0]
    for size, value in ((6, 0), (4, 255)):
        for top in starts[size]:
            for left in starts[size]:
                has_ink = inked[top : top + size, left : left + size].any()
                inside = rows[0] <= top + 2 <= rows[-1] and columns[0] <= left + 2 <= columns[-1]
                if (value == 0 and has_ink) or (value == 255 and inside and not has_ink):
                    loss = naive_loss(explainer.engine, seven, digit, top, left, size, value)
                    for row in range(size):
                        for column in range(size):
                            if inked[top + row, left + column] != (value == 0):
                                continue  # this cell is not changed
                            weight = slopes[size][row] * slopes[size][column]
                            total[top + row, left + column] += weight * loss
                            count[top + row, left + column] += weight
    expected = np.divide(total, count, out=np.zeros((28, 28)), where=count > 0)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(occlude(explainer.engine.logits, seven).loss_map(digit), expected, atol=1e-3)


def test_paper_beside_an_erased_stroke_has_no_colour():
    """A stroke of two cells on an otherwise empty input: only it and filled gaps inside its box can count."""
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 13:15] = 255

    def ink_counts(images):
        logits = np.zeros((len(images), 11), np.float32)
        logits[:, 1] = images.sum(axis=(1, 2)) / 1000
        return logits

    values = occlude(ink_counts, image).loss_map(1)
    assert (values[image > 0] > 0).all()
    assert not values[image == 0].any()


def test_an_empty_input_has_an_empty_map(explainer):
    occlusion = occlude(explainer.engine.logits, np.zeros((28, 28), np.uint8))
    assert occlusion.changes == ()
    assert not occlusion.loss_map(3).any()


def test_ink_is_erased_and_gaps_are_filled(seven):
    changes = list(list_changes(seven))
    assert {change.is_gap for change in changes} == {True, False}
    for change in changes:
        changed = change.apply_to(seven)
        assert (changed.sum() > seven.sum()) == change.is_gap
        assert (changed != seven)[change.area].any()


def test_a_change_affects_only_its_square(seven):
    changed = Change(8, 12, is_gap=False).apply_to(seven)
    assert not changed[8:14, 12:18].any()
    changed[8:14, 12:18] = seven[8:14, 12:18]
    assert (changed == seven).all()


def test_log_odds_are_those_of_the_softmax():
    logits = np.array([[1.0, 2.0, 4.0]], np.float32)
    share = np.exp(4) / np.exp([1, 2, 4]).sum()
    assert log_odds(logits, 2)[0] == pytest.approx(np.log(share / (1 - share)), rel=1e-5)


def test_no_input_has_more_than_98_changes():
    random = np.random.default_rng(0)
    worst = [(random.random((28, 28)) < share) * np.uint8(255) for share in (0.001, 0.01, 0.03, 0.1, 0.5, 1)]
    assert max(len(list(list_changes(image.astype(np.uint8)))) for image in worst) <= 2 * 7 * 7
