import numpy as np
import pytest

from mlcore.explaining.occlusion import Change, Occlusion
from mlcore.explaining.sentences import (
    KeyChange,
    describe_place,
    find_key_change,
    find_rival_change,
    top_two,
    write_sentence,
    write_sentences,
)
from mlcore.reading.reader import Reader
from tests.pictures import digit_png


def probabilities(**shares):
    return [shares.get(f"d{digit}", 0.0) for digit in range(10)]


def occlusion_of(*rows):
    """Return an occlusion with these logits of 4 and 9: of the unchanged image, then after each change.

    A stroke is erased in every other four rows, and a gap filled in those between."""
    image = np.zeros((28, 28), np.uint8)
    for top in range(0, 28, 8):
        image[top : top + 4] = 255
    logits = np.full((len(rows), 11), -10, np.float32)
    for index, (four, nine) in enumerate(rows):
        logits[index, [4, 9]] = four, nine
    return Occlusion(image, tuple(Change(4 * i, 12, is_gap=bool(i % 2)) for i in range(len(rows) - 1)), logits)


@pytest.fixture
def square():
    image = np.zeros((28, 28), np.uint8)
    image[2:26, 2:26] = 255
    return image


def test_a_decisive_gap_is_named_in_the_sentence():
    key_change = KeyChange(Change(0, 12, is_gap=True), "at the top", 2.0, is_decisive=True)
    assert (
        write_sentence(probabilities(d4=0.61, d9=0.35), 1.0, key_change)
        == "4 at 61 %, 9 at 35 %: the gap at the top decides."
    )


def test_a_sure_answer_stands_alone_below_100_percent():
    key_change = KeyChange(Change(0, 0, is_gap=False), "on the left", 2.0, is_decisive=False)
    sentence = write_sentence(probabilities(d7=0.99996, d1=0.00004), 1.0, key_change)
    assert sentence == "7 at 99.9 %: the stroke on the left counts most."


def test_the_sentence_rounds_down_as_the_page_does():
    assert write_sentence(probabilities(d7=0.9989), 1.0, None).startswith("7 at 99.8 %")


def test_an_unlikely_digit_is_mentioned_first():
    assert write_sentence(probabilities(d3=0.6, d8=0.4), 0.12, None) == (
        "Probably not a digit (digit at 12 %). If it is one: 3 at 60 %, 8 at 40 %: no single place decides."
    )


def test_the_sentence_is_translated():
    german = {
        "%(digit)d at %(share)s": "%(digit)d zu %(share)s",
        "%(answers)s: the gap %(place)s decides.": "%(answers)s: Die Lücke %(place)s entscheidet.",
        "at the top": "oben",
    }
    key_change = KeyChange(Change(0, 12, is_gap=True), "at the top", 2.0, is_decisive=True)
    sentence = write_sentence(probabilities(d4=0.61, d9=0.35), 1.0, key_change, german.__getitem__)
    assert sentence == "4 zu 61 %, 9 zu 35 %: Die Lücke oben entscheidet."


def test_a_second_sentence_tells_what_speaks_against_the_second_answer():
    stem = KeyChange(Change(16, 12, is_gap=False), "below the middle", 4.8, is_decisive=False)
    tip = KeyChange(Change(4, 12, is_gap=False), "at the top", 5.1, is_decisive=True)
    shares = probabilities(d9=0.97, d4=0.025)
    said = "9 at 97 %, 4 at 2 %: the stroke below the middle counts most."
    assert write_sentences(shares, 1.0, stem, tip) == f"{said} 9 rather than 4: the stroke at the top decides."
    assert write_sentences(shares, 1.0, stem, None) == said
    assert write_sentences(shares, 1.0, None, tip) == "9 at 97 %, 4 at 2 %: no single place decides."
    assert write_sentences(shares, 1.0, stem, stem) == said  # it would say the same again


def test_the_rival_change_costs_most_against_the_second_answer():
    # The first change costs 4 most against all digits together, the second most against 9.
    occlusion = occlusion_of((5, 1), (-9, -13), (5, 4), (5, 2))
    assert find_key_change(occlusion, 4).change == occlusion.changes[0]
    rival = find_rival_change(occlusion, 4, 9)
    assert rival.change == occlusion.changes[1]
    assert (rival.loss, rival.is_decisive) == (pytest.approx(3), False)
    assert find_rival_change(occlusion_of((5, 1), (4, 6)), 4, 9).is_decisive
    assert find_rival_change(occlusion_of((5, 1), (6, 1)), 4, 9) is None
    assert find_rival_change(occlusion_of((5, 1)), 4, 9) is None


def test_the_top_two_are_in_order():
    assert top_two(probabilities(d2=0.2, d9=0.7, d0=0.1)) == (9, 2)


def test_the_key_change_is_where_the_map_is_strongest():
    occlusion = occlusion_of((5, 4), (5, 4.5), (4, 6), (5, 3))
    key_change = find_key_change(occlusion, 4)
    assert key_change.change == occlusion.changes[1]
    assert key_change.change.is_gap
    assert key_change.loss == pytest.approx(3, abs=1e-3)
    assert key_change.is_decisive


def test_a_change_after_which_the_answer_still_wins_does_not_decide():
    key_change = find_key_change(occlusion_of((5, 1), (5, 2)), 4)
    assert not key_change.is_decisive


def test_there_is_no_key_change_where_nothing_costs_the_answer():
    assert find_key_change(occlusion_of((5, 1), (6, 1)), 4) is None
    assert find_key_change(occlusion_of((5, 1)), 4) is None


@pytest.mark.parametrize("digit", range(10))
def test_the_sentence_names_the_strongest_place_of_the_picture(explainer, digit):
    image = Reader(explainer.engine.artifact).read(digit_png(digit, seed=2), "digit").glyphs[0].input
    (probabilities,) = explainer.engine.classify(image[np.newaxis]).probabilities
    explanation = explainer.explain(image, probabilities.tolist(), 1.0)
    shown = explanation.maps["occlusion"][0]
    assert shown[explanation.key_change.change.area].max() == shown.max()


@pytest.mark.parametrize(
    ("top", "left", "place"),
    [
        (2, 2, "at the top left"),
        (2, 11, "at the top"),
        (6, 11, "above the middle"),
        (11, 11, "in the middle"),
        (16, 11, "below the middle"),
        (16, 2, "on the left below the middle"),
        (11, 20, "on the right"),
        (22, 2, "at the bottom left"),
        (22, 22, "at the bottom right"),
    ],
)
def test_places_are_named_within_the_digit(square, top, left, place):
    assert describe_place(Change(top, left, is_gap=False), square) == place


def test_a_narrow_digit_has_no_left_and_right():
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 12:16] = 255
    assert describe_place(Change(4, 10, is_gap=False), image) == "at the top"


def test_a_stroke_is_placed_by_its_ink_and_not_by_the_square_around_it(square):
    image = np.zeros((28, 28), np.uint8)
    image[2:26, 2:5], image[2:5, 2:26] = 255, 255
    assert describe_place(Change(11, 4, is_gap=False), image) == "on the left"
