"""Texts that describe a prediction."""

from types import SimpleNamespace

from recognizer.words import advice, alternative_text


def digit(read, **others):
    """Return a digit that was read. `_7=0.3` is the probability of a 7; the read digit gets the rest."""
    shares = [0.0] * 10
    for name, share in others.items():
        shares[int(name[1:])] = share
    shares[read] = 1 - sum(shares)
    return SimpleNamespace(digit=read, probabilities=shares)


def test_advice_names_the_most_likely_other_digit():
    number = [digit(7, _1=0.4), digit(7, _2=0.1), digit(4, _9=0.3)]
    assert alternative_text(number) == "174"
    assert advice("unsure", None, number).startswith("It could also be 174.")


def test_advice_does_not_name_an_unlikely_digit():
    number = [digit(1, _7=0.01), digit(4)]
    assert alternative_text(number) == ""
    assert advice("unsure", None, number).startswith("The writing is not clear")


def test_advice_about_the_picture_comes_before_other_digits():
    assert "crop the picture" in advice("unsure", "too_small", [digit(7, _1=0.4)])


def test_advice_without_digits_names_none():
    assert alternative_text([]) == ""
    assert advice("rejected", None) != ""
    assert advice("read", None) == ""
