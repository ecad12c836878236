"""Tests of reading under an expectation: the search against brute force, and clear ink against a strong expectation."""

from decimal import Decimal
from itertools import islice, product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mlcore.reading.expectations.check_digits import CHECKS, WeightedModulus
from mlcore.reading.expectations.expectation import Expectation, Previous, Range
from mlcore.reading.expectations.patterns import Pattern
from mlcore.reading.numbers import ctc, expected
from mlcore.reading.numbers.expected import choose_expected, fit_digit, fitting_texts
from mlcore.reading.numbers.found import FoundDigit, FoundNumber, FoundSign
from mlcore.reading.written import write_number
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import Spacing, write_line
from mlcore.training.synthesis.sheets import SCREEN, render_sheet
from tests.pictures import encode

SEEDS = st.integers(0, 10_000)


def random_rows(seed, length, sharpness=3.0):
    logits = np.random.default_rng(seed).normal(0, sharpness, (length, 10))
    rows = np.exp(logits)
    return rows / rows.sum(axis=1, keepdims=True)


def probability(rows, text):
    return prod(row[int(digit)] for row, digit in zip(rows, text, strict=True))


def found_number(rows, score=0.0, line=0.9):
    digits = tuple(
        FoundDigit((0, 0, 9, 9), np.zeros((28, 28), np.uint8), row, 1.0, "whole", np.zeros((10, 2))) for row in rows
    )
    return FoundNumber(digits, line, 0.01, 1.0, np.zeros(7), score)


def certain_rows(text, least=1e-4):
    rows = np.full((len(text), 10), least)
    rows[np.arange(len(text)), [int(digit) for digit in text]] = 1 - 9 * least
    return rows


@settings(max_examples=60)
@given(
    SEEDS,
    st.integers(1, 4),
    st.sampled_from([(), (FoundSign(".", 1, (0, 0, 1, 1), 1.0, 1.0),), (FoundSign("-", 0, (0, 0, 1, 1), 1.0, 1.0),)]),
    st.sampled_from(
        [
            Expectation(),
            *(Expectation(check=check) for check in CHECKS.values()),
            Expectation(check=WeightedModulus((7, 3, 1, 9), 97)),
            Expectation(check=WeightedModulus((3, 0, 1), 11), minimum=Decimal(40), decimals=Range(0, 0)),
            Expectation(minimum=Decimal(17), maximum=Decimal(230), decimals=Range(0, 0)),
            Expectation(minimum=Decimal("-35.5"), maximum=Decimal("2.4")),
            Expectation(previous=Previous(Decimal(995), Decimal(12), Decimal(1000))),
            Expectation(pattern=Pattern("9?\\19")),
        ]
    ),
)
def test_the_texts_that_fit_come_in_the_order_of_their_probability(seed, length, signs, expectation):
    rows = random_rows(seed, length)
    texts = ("".join(map(str, digits)) for digits in product(range(10), repeat=length))
    fitting = (text for text in texts if expectation.fits(write_number(text, signs)))
    wanted = sorted((probability(rows, text) for text in fitting), reverse=True)
    found = [np.exp(log) for _, log in islice(fitting_texts(rows, signs, expectation), 20)]
    assert len(found) == min(20, len(wanted)) and np.allclose(found, wanted[:20], rtol=1e-5)


@settings(max_examples=20)
@given(SEEDS, st.sampled_from([("gtin", 8), ("gtin", 13), ("isbn", 10), ("isbn", 13), ("luhn", 12)]))
def test_the_best_long_number_with_a_right_check_digit_comes_first(seed, scheme):
    """Brute force over two digits at each place; all others are too improbable for the best text."""
    name, length = scheme
    rng = np.random.default_rng(seed)
    likely = np.stack([rng.permutation(10)[:2] for _ in range(length)])
    if (name, length) == ("isbn", 13):
        likely[:3] = (9, 0), (7, 0), (8, 9)
    rows = np.full((length, 10), 1e-11)
    rows[np.arange(length), likely[:, 0]] = rng.uniform(0.1, 0.9, length)
    rows[np.arange(length), likely[:, 1]] = 1 - rows[np.arange(length), likely[:, 0]]
    texts = ("".join(map(str, digits)) for digits in product(*likely.tolist()))
    wanted = sorted((probability(rows, text) for text in texts if CHECKS[name](text)), reverse=True)
    found = [np.exp(log) for _, log in islice(fitting_texts(rows, (), Expectation(check=CHECKS[name])), 5)]
    assert len(found) == 5 and np.allclose(found, wanted[:5], rtol=1e-5, atol=1e-9)


def test_the_search_for_a_check_digit_needs_few_steps(monkeypatch):
    monkeypatch.setattr(expected, "MAX_STEPS", 40)
    rows = certain_rows("1" * 20)
    digits, _ = next(fitting_texts(rows, (), Expectation(check=CHECKS["iso7064-97-10"])))
    assert CHECKS["iso7064-97-10"]("".join(map(str, digits)))
    assert sum(digit != 1 for digit in digits) <= 2


def test_a_number_that_fits_is_found_though_the_line_network_excludes_it():
    place, found = choose_expected([found_number(certain_rows("42"), line=0.0)], Expectation(digits=Range(2, 2)))
    assert (place, found.written, found.line) == (0, "42", 0.0)


def test_signs_stand_at_their_places_while_texts_are_searched():
    rows, point = random_rows(3, 3), FoundSign(".", 1, (0, 0, 1, 1), 1.0, 1.0)
    texts = list(islice(fitting_texts(rows, (point,), Expectation(pattern=Pattern("9.\\99"))), 3))
    assert texts and all(digits[1] == 9 for digits, _ in texts)


WITHIN_FOUR = Range(1, 4)


@settings(max_examples=40)
@given(
    SEEDS,
    st.sampled_from(
        [
            Expectation(WITHIN_FOUR),
            Expectation(pattern=Pattern("\\19?9?\\2")),
            Expectation(Range(2, 3)),
            Expectation(values=frozenset({"2", "01", "112", "2021"})),
            Expectation(WITHIN_FOUR, Range(0, 0), minimum=Decimal(11), maximum=Decimal(121)),
            Expectation(WITHIN_FOUR, Range(0, 0), previous=Previous(Decimal(100), step=Decimal(21))),
            Expectation(WITHIN_FOUR, check=CHECKS["luhn"]),
        ]
    ),
)
def test_the_beam_finds_the_most_probable_text_of_those_that_may_begin(seed, allowed):
    """Brute force adds up all paths of six steps for each text of up to four digits. Both search without limits."""
    classes = (0, 1, 2, ctc.BLANK)
    logits = np.full((6, 11), -50, np.float32)
    logits[:, classes] = np.random.default_rng(seed).normal(0, 2, (6, 4))
    steps = np.exp(logits.astype(float))
    steps /= steps.sum(axis=1, keepdims=True)
    totals: dict[str, float] = {}
    chances = {((), ctc.BLANK): 1.0}  # by text and last class
    for step in steps:
        grown: dict = {}
        for (text, last), chance in chances.items():
            for each in classes:
                longer = text if each in (ctc.BLANK, last) else (*text, each)
                if len(longer) <= 4:
                    grown[longer, each] = grown.get((longer, each), 0.0) + chance * step[each]
        chances = grown
    for (text, _), chance in chances.items():
        totals["".join(map(str, text))] = totals.get("".join(map(str, text)), 0.0) + chance
    best = max(filter(allowed.fits, totals), key=lambda text: totals[text])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ctc, "BEAM_WIDTH", 5_000)
        patch.setattr(ctc, "MIN_STEP_PROBABILITY", 1e-15)  # other classes have less than 1e-18
        found = ctc.decode_texts(logits, 5_000, wanted=allowed)
    fitting = [text for text in found if allowed.fits("".join(map(str, text.digits)))]
    assert fitting and "".join(map(str, fitting[0].digits)) == best
    assert fitting[0].confidence == pytest.approx(totals[best])


def test_a_doubtful_digit_is_decided_by_the_expectation():
    rows = certain_rows("12345")
    rows[4, 6], rows[4, 5] = 0.45, 0.5491
    place, found = choose_expected([found_number(rows)], Expectation(values=frozenset({"12346"})))
    assert (place, found.text) == (0, "12346")
    assert 0.9 < found.fitting < 1


def test_a_number_that_fits_needs_less_where_few_fit():
    rows = certain_rows("12395")
    rows[3, [9, 4]] = 0.9985, 0.0012  # the digit may be a 4, which is 800 times less probable
    found = [found_number(rows)]
    in_reach = Previous(Decimal(12300), Decimal(60))
    _, near = choose_expected(found, Expectation(previous=in_reach))
    assert near.text == "12345" and 0 < near.fitting < 0.1
    common = Expectation(minimum=Decimal(0), maximum=Decimal(12390))
    _, kept = choose_expected(found, common)
    assert kept.text == "12395" and kept.fitting == 0


def test_clear_ink_is_not_overruled():
    _, found = choose_expected([found_number(certain_rows("12345"))], Expectation(values=frozenset({"12346"})))
    assert found.text == "12345" and found.fitting == 0


def test_a_proposal_of_the_expected_length_wins_where_it_is_nearly_as_good():
    proposals = [found_number(certain_rows("1234"), score=1.0), found_number(certain_rows("12344"), score=0.5)]
    place, found = choose_expected(proposals, Expectation(digits=Range(5, 5)))
    assert (place, found.text) == (1, "12344")


@pytest.mark.parametrize(("score", "text"), [(-8.0, "12344"), (-14.0, "1234")])
def test_a_proposal_of_the_expected_length_may_trail_in_score_but_not_by_much(score, text):
    proposals = [found_number(certain_rows("1234"), score=1.0), found_number(certain_rows("12344"), score=score)]
    _, found = choose_expected(proposals, Expectation(digits=Range(5, 5)))
    assert found.text == text and found.fitting < 0.5


def test_a_number_that_fits_anyway_keeps_its_digits():
    place, found = choose_expected([found_number(certain_rows("12345"))], Expectation(digits=Range(5, 5)))
    assert (place, found.text, found.fitting) == (0, "12345", 1.0)


@pytest.mark.parametrize(("probability", "digit", "fits"), [(0.3, 7, True), (1e-6, 1, False)])
def test_a_single_digit_is_chosen_among_those_that_fit(probability, digit, fits):
    row = np.full(10, 1e-7)
    row[1], row[7] = 1 - probability, probability
    chosen, shares, fitting = fit_digit(row / row.sum(), Expectation(values=frozenset({"7", "8"})))
    assert chosen == digit and (fitting > 0) == fits
    assert shares.sum() == pytest.approx(1)


def draw_png(*lines):
    rng = np.random.default_rng(7)
    inks = [write_line(text, 60, Spacing(0.25, 0, 0, 0), write_digit, rng, marks=False).ink for text in lines]
    width = max(ink.shape[1] for ink in inks)
    page = np.vstack([np.pad(ink, ((0, 0), (0, width - ink.shape[1]))) for ink in inks])
    return encode(Image.fromarray(render_sheet(page, rng, SCREEN)))


class TestReader:
    """The shipped networks."""

    @pytest.mark.parametrize("mode", ["auto", "number", "lines"])
    def test_a_clear_number_that_does_not_fit_is_unsure(self, reader, mode):
        reading = reader.read(draw_png("12345"), mode, expectation=Expectation(values=frozenset({"12346"})))
        assert (reading.text, reading.decision, reading.reason) == ("12345", "unsure", "unexpected")

    @pytest.mark.parametrize("mode", ["number", "lines"])
    @pytest.mark.parametrize("text", ["12345", "407", "6483"])
    def test_a_clear_number_that_fits_is_read_and_not_less_probable(self, reader, text, mode):
        free = reader.read(draw_png(text), mode)
        reading = reader.read(draw_png(text), mode, expectation=Expectation(digits=Range(len(text), len(text))))
        assert (reading.text, reading.decision) == (text, free.decision)
        assert reading.confidence >= free.confidence

    def test_each_line_of_a_page_is_checked(self, reader):
        page = draw_png("1234", "56789", "4071")
        reading = reader.read(page, "lines", expectation=Expectation(digits=Range(4, 4)))
        assert [line.text for line in reading.lines] == ["1234", "56789", "4071"]
        assert [line.reason == "unexpected" for line in reading.lines] == [False, True, False]
        assert (reading.lines[1].decision, reading.decision, reading.reason) == ("unsure", "unsure", "unexpected")

    @pytest.mark.parametrize("mode", ["auto", "digit", "lines"])
    def test_a_clear_digit_that_does_not_fit_is_unsure(self, reader, mode):
        reading = reader.read(draw_png("7"), mode, expectation=Expectation(values=frozenset({"1", "12"})))
        assert (reading.text, reading.decision, reading.reason) == ("7", "unsure", "unexpected")

    def test_an_empty_expectation_changes_nothing(self, reader):
        free = reader.read(draw_png("407"))
        assert reader.read(draw_png("407"), expectation=Expectation()).confidence == free.confidence
