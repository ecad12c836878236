import numpy as np
import pytest

from mlcore.reading.result import SIGNS
from mlcore.reading.written import find_value
from mlcore.training.synthesis.written_forms import MAX_SYMBOLS, random_text, random_written


@pytest.fixture(scope="module")
def forms():
    rng = np.random.default_rng(0)
    return [random_written(rng) for _ in range(3000)]


def test_texts_are_one_to_ten_digits():
    rng = np.random.default_rng(0)
    texts = [random_text(rng) for _ in range(300)]
    assert {len(text) for text in texts} == set(range(1, 11))
    assert all(text.isdigit() for text in texts)


def test_more_amounts_begin_with_a_one_than_codes_do():
    rng = np.random.default_rng(0)
    first = [int(random_text(rng)[0]) for _ in range(4000)]
    shares = np.bincount(first, minlength=10) / len(first)
    expected = [(0.1 + share) / 2 for share in (0, *np.log10(1 + 1 / np.arange(1, 10)))]  # half of them are codes
    assert shares == pytest.approx(expected, abs=0.025)


def test_every_sign_is_written_often_enough_to_be_learnt(forms):
    counts = {sign: sum(sign in written for written in forms) for sign in SIGNS}
    assert min(counts.values()) > 30, counts


def test_written_forms_have_digits_and_known_signs_only(forms):
    assert all(set(written) <= set("0123456789 ") | set(SIGNS) for written in forms)
    assert all(any(character.isdigit() for character in written) for written in forms)
    assert max(len(written.replace(" ", "")) for written in forms) <= MAX_SYMBOLS


def test_a_third_have_no_signs_and_most_others_mean_a_number(forms):
    plain = sum(written.isdigit() for written in forms) / len(forms)
    assert 0.3 < plain < 0.45
    with_value = sum(find_value(written, "point") is not None for written in forms) / len(forms)
    assert 0.6 < with_value < 0.9
