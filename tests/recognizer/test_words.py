from types import SimpleNamespace

from recognizer.words import advice, alternative_text


def digit(read, **others):
    """`_7=0.3` says that it is a 7 with that probability."""
    shares = [0.0] * 10
    for name, share in others.items():
        shares[int(name[1:])] = share
    shares[read] = 1 - sum(shares)
    return SimpleNamespace(digit=read, probabilities=shares)


def test_the_likeliest_other_digit_is_named():
    number = [digit(7, _1=0.4), digit(7, _2=0.1), digit(4, _9=0.3)]
    assert alternative_text(number) == "174"
    assert advice("unsure", None, number).startswith("It could also be 174.")


def test_an_unlikely_one_is_not():
    number = [digit(1, _7=0.01), digit(4)]
    assert alternative_text(number) == ""
    assert advice("unsure", None, number).startswith("The writing is not clear")


def test_what_the_picture_gives_reason_for_is_said_instead():
    assert "crop the picture" in advice("unsure", "too_small", [digit(7, _1=0.4)])


def test_without_digits_nothing_is_named():
    assert alternative_text([]) == ""
    assert advice("rejected", None) != ""
    assert advice("read", None) == ""
