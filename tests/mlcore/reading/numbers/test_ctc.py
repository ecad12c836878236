from itertools import product

import numpy as np
import pytest

from mlcore.reading.expectations.expectation import Expectation, Range
from mlcore.reading.numbers import ctc
from mlcore.reading.numbers.ctc import BLANK, decode_text, decode_texts


def make_logits(*steps, sure=8.0):
    logits = np.zeros((len(steps), 11), np.float32)
    logits[np.arange(len(steps)), steps] = sure
    return logits


def collapse(path):
    return tuple(c for i, c in enumerate(path) if c != BLANK and (i == 0 or path[i - 1] != c))


def sum_all_paths(logits, allowed):
    """Return the probability of each text as the sum over all paths: slow, but simple enough to be right."""
    shares = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum(axis=1, keepdims=True)
    texts = {}
    for path in product(allowed, repeat=len(logits)):
        chance = float(np.prod(shares[np.arange(len(path)), path]))
        texts[collapse(path)] = texts.get(collapse(path), 0.0) + chance
    return texts


def test_repeated_steps_are_one_digit_unless_a_blank_separates_them():
    assert decode_text(make_logits(BLANK, 1, 1, BLANK, 1, 7, BLANK)).digits == (1, 1, 7)


def test_only_blanks_are_an_empty_text_with_high_confidence():
    text = decode_text(make_logits(BLANK, BLANK, BLANK))
    assert text.digits == text.steps == text.digit_probabilities == ()
    assert text.confidence > 0.98


@pytest.mark.parametrize("seed", range(5))
def test_the_confidence_is_the_sum_over_all_paths_of_the_text(seed):
    logits = np.full((6, 11), -20, np.float32)
    allowed = (3, 5, BLANK)
    logits[:, allowed] = np.random.default_rng(seed).normal(0, 2, (6, 3))
    texts = sum_all_paths(logits, allowed)
    best, second = sorted(texts, key=lambda text: -texts[text])[:2]
    first, other = decode_texts(logits, 2)
    assert (first.digits, other.digits) == (best, second)
    assert first.confidence == pytest.approx(texts[best], rel=0.02)
    assert other.confidence == pytest.approx(texts[second], rel=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_each_of_several_texts_lies_on_its_most_probable_path(seed):
    logits = np.full((6, 11), -20, np.float32)
    allowed = (3, 5, BLANK)
    logits[:, allowed] = np.random.default_rng(seed).normal(0, 2, (6, 3))
    best = {}
    for path in product(allowed, repeat=len(logits)):
        score = logits[np.arange(len(path)), path].sum()
        if score > best.get(collapse(path), (-np.inf,))[0]:
            best[collapse(path)] = (score, path)
    found = decode_texts(logits, 6)
    assert len({len(text.digits) for text in found}) > 1
    for text in found:
        path = best[text.digits][1]
        covered = [range(first, last + 1) for first, last in text.spans]
        assert [{path[place] for place in places} for places in covered] == [{digit} for digit in text.digits]
        assert sum(map(len, covered)) == sum(each != BLANK for each in path)


@pytest.mark.parametrize("seed", range(10))
def test_a_narrow_beam_keeps_the_beginnings_of_a_wanted_length(seed, monkeypatch):
    """Shorter texts are more probable everywhere: a beam that does not look ahead drops the wanted ones."""
    monkeypatch.setattr(ctc, "BEAM_WIDTH", 4)
    logits = np.full((7, 11), -20, np.float32)
    allowed = (3, 5, BLANK)
    logits[:, allowed] = np.random.default_rng(seed).normal((0, 0, 3), 1, (7, 3))
    texts = sum_all_paths(logits, allowed)
    best = max((text for text in texts if len(text) == 4), key=lambda text: texts[text])
    (found,) = decode_texts(logits, 1, wanted=Expectation(Range(4, 4)))
    assert len(found.digits) == 4 and texts[found.digits] > 0.5 * texts[best]


def test_no_text_is_longer_than_the_steps_allow():
    assert decode_texts(make_logits(1, BLANK, 2), 3, wanted=Expectation(Range(4, 5))) == []


def test_each_digit_has_its_steps():
    text = decode_text(make_logits(BLANK, 4, 4, BLANK, BLANK, 2, BLANK))
    assert text.spans == ((1, 2), (5, 5))
    assert text.steps[1] == 5


def test_two_equal_digits_have_their_own_steps():
    text = decode_text(make_logits(0, BLANK, 0, 0))
    assert text.spans == ((0, 0), (2, 3))


def test_digit_probabilities_include_the_alternatives():
    logits = make_logits(BLANK, 9, BLANK)
    logits[1, 4] = 7.0
    (digit_row,) = decode_text(logits).digit_probabilities
    assert sum(digit_row) == pytest.approx(1)
    assert digit_row[9] == pytest.approx(np.e * digit_row[4], rel=0.01)


def test_a_higher_temperature_lowers_the_confidence():
    logits = make_logits(BLANK, 9, BLANK, sure=3.0)
    assert decode_text(logits, 2.0).confidence < decode_text(logits, 1.0).confidence


SIGNS = ".-"
POINT, MINUS = BLANK + 1, BLANK + 2


def make_logits_with_signs(*steps, sure=8.0):
    logits = np.zeros((len(steps), BLANK + 1 + len(SIGNS)), np.float32)
    logits[np.arange(len(steps)), steps] = sure
    return logits


def test_signs_are_apart_from_the_digits_and_know_their_place():
    text = decode_text(make_logits_with_signs(MINUS, 1, BLANK, 2, POINT, 5, BLANK, MINUS), signs=SIGNS)
    assert text.digits == (1, 2, 5)
    assert text.steps == (1, 3, 5)
    assert len(text.digit_probabilities) == len(text.spans) == 3
    assert [(sign.sign, sign.before_glyph, sign.step) for sign in text.signs] == [("-", 0, 0), (".", 2, 4), ("-", 3, 7)]
    assert all(sign.confidence > 0.9 for sign in text.signs)


def test_texts_with_other_signs_are_one_text():
    logits = make_logits_with_signs(1, POINT, 2)
    logits[1, BLANK] = 7.5  # nearly as likely no sign
    logits[2, 7] = 6.0
    first, second = decode_texts(logits, 2, signs=SIGNS)
    assert (first.digits, second.digits) == ((1, 2), (1, 7))
    assert [sign.sign for sign in first.signs] == ["."]
    assert first.signs_confidence == pytest.approx(1 / (1 + np.exp(-0.5)), rel=0.01)
    assert first.confidence > 0.8  # the doubt about the sign is none about the digits


def test_digits_are_certain_of_no_signs_where_the_network_reads_none():
    text = decode_text(make_logits(1, BLANK, 2))
    assert (text.signs, text.signs_confidence) == ((), 1.0)
