from functools import partial

import cv2
import numpy as np
import pytest

from mlcore.reading.arrays import InkBox
from mlcore.reading.budget import WorkBudget
from mlcore.reading.engine import Engine
from mlcore.reading.ink.extraction import find_ink
from mlcore.reading.layout.regions import all_ink_region, tall_pieces
from mlcore.reading.layout.segment import SignInk, crop_box
from mlcore.reading.numbers import number
from mlcore.reading.numbers.ctc import decode_texts
from mlcore.reading.numbers.number import (
    DigitClassifier,
    log_split_probability,
    place_signs,
    propose_numbers,
)
from mlcore.reading.numbers.weights import SCORE_FEATURES, Weights


def test_an_unread_text_is_not_more_probable_than_the_rest_of_the_texts(engine: Engine) -> None:
    """The line network reads a small 0 among large ones with high confidence; only the large ones are tall pieces."""
    sheet = np.full((160, 420, 3), 255, np.uint8)
    for x, y, radius in ((80, 80, 30), (170, 100, 10), (240, 80, 30), (330, 80, 30)):
        cv2.circle(sheet, (x, y), radius, (0, 0, 0), 5)
    found = [each for each, _ in propose_numbers(find_ink(sheet), engine, Weights.from_card({}))]
    read = max(each.line for each in found if len(each.digits) == 4)
    others = [each.line for each in found if len(each.digits) == 3]
    assert read > 0.9
    assert others
    assert max(others) <= 1 - read


def test_a_sign_is_placed_among_the_digits_that_have_ink() -> None:
    logits = np.zeros((6, 13), np.float32)
    logits[np.arange(6), (12, 1, 2, 11, 5, 10)] = 9.0
    (text,) = decode_texts(logits, 1, signs=".-")
    inks = [SignInk((0, 40, 9, 2), 18.0), SignInk((70, 60, 3, 3), 9.0)]
    signs = place_signs(text, inks, [True, True, True])
    assert [(sign.sign, sign.before_glyph, sign.box) for sign in signs] == [
        ("-", 0, (0, 40, 9, 2)),
        (".", 2, (70, 60, 3, 3)),
    ]
    assert [sign.before_glyph for sign in place_signs(text, inks, [True, False, True])] == [0, 1]


def test_splitting_ink_that_looks_like_one_digit_is_penalised(engine: Engine) -> None:
    """A ring is one digit, and two touching rings are not; separate rings were not split."""
    sheet = np.full((160, 460, 3), 255, np.uint8)
    for x in (80, 240, 305):
        cv2.ellipse(sheet, (x, 80), (30, 44), 0, 0, 360, (0, 0, 0), 6)
    (region,) = all_ink_region(find_ink(sheet).strength)
    ring, pair = tall_pieces(region)
    halves = [(x, y, width // 2, height) for x, y, width, height in (ring, pair)]
    others = [(x + width // 2, y, width // 2, height) for x, y, width, height in (ring, pair)]
    crop_piece = partial(crop_box, region, WorkBudget())

    def log_probability(digits: list[InkBox]) -> float:
        return log_split_probability(digits, [ring, pair], crop_piece, DigitClassifier(engine))

    assert log_probability([ring, pair]) == 0
    assert log_probability([ring, halves[1], others[1]]) > -0.2
    assert log_probability([halves[0], others[0], pair]) < -2


@pytest.mark.parametrize(("second", "splits"), [(145, True), (190, False)])
def test_the_features_of_a_proposal_tell_whether_it_splits_a_piece(engine: Engine, second: int, splits: bool) -> None:
    sheet = np.full((160, 300, 3), 255, np.uint8)
    for x in (80, second):
        cv2.ellipse(sheet, (x, 80), (30, 44), 0, 0, 360, (0, 0, 0), 6)
    found = [each for each, _ in propose_numbers(find_ink(sheet), engine, Weights.from_card({}))]
    split = SCORE_FEATURES.index("split")
    assert {(each.text, each.features[split] != 0) for each in found} == {("00", splits)}


def test_each_line_is_read_from_its_own_strip(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number, "SURE_LINE", 1.0)
    monkeypatch.setattr(number, "MAX_REGIONS", 4)  # each line is found twice: with the print and without
    sheet = np.full((400, 500, 3), 255, np.uint8)
    for y, digits in ((60, 2), (220, 4)):  # rings, which are read as 0
        for place in range(digits):
            cv2.ellipse(sheet, (80 + 100 * place, y + 50), (30, 44), 0, 0, 360, (0, 0, 0), 6)
    found = propose_numbers(find_ink(sheet), engine, Weights.from_card({}))
    assert {len(each.digits) for each, _ in found} >= {2, 4}
