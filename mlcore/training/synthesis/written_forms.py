"""Random written forms of numbers: plain digits, decimals, thousands, dates, times, groups, amounts of money.

A space stands for a wide gap between groups of digits. It is no sign, and no network reads it.
"""

from collections.abc import Callable

import numpy as np

from mlcore.reading.result import SIGNS

MAX_SYMBOLS = 14  # digits and signs
AMOUNT_SHARE = 0.5  # share of the numbers that are amounts
FIRST_DIGIT_SHARES = np.log10(1 + 1 / np.arange(1, 10))  # of amounts, for 1 to 9: Benford's law
CURRENCIES = "€$£"


def random_text(rng: np.random.Generator) -> str:
    """Return 1 to 10 digits: a code of random digits, or an amount.

    Amounts begin as Benford's law says, and are often round.
    """
    length = int(rng.choice(np.arange(1, 11), p=[0.06, 0.06, 0.12, 0.18, 0.22, 0.16, 0.08, 0.06, 0.03, 0.03]))
    digits = rng.integers(0, 10, length)
    if rng.random() < AMOUNT_SHARE:
        digits[0] = 1 + int(rng.choice(9, p=FIRST_DIGIT_SHARES))
    if rng.random() < 0.25:
        digits[max(1, length - int(rng.integers(1, 5))) :] = 0
    if rng.random() < 0.12 and length > 1:
        at = int(rng.integers(1, length))
        digits[at:] = digits[at - 1]
    return "".join(map(str, digits))


def random_written(rng: np.random.Generator) -> str:
    """Return a number as people write it, with its signs; a third of them have none."""
    shares, forms = zip(*_FORMS, strict=True)
    while True:
        written = forms[int(rng.choice(len(forms), p=shares))](rng)
        if sum(character != " " for character in written) <= MAX_SYMBOLS:
            return written


def _digits(rng: np.random.Generator, length: int) -> str:
    return "".join(map(str, rng.integers(0, 10, length)))


def _whole(rng: np.random.Generator, longest: int) -> str:
    """Return a whole number without leading zeros, short ones more often."""
    length = min(longest, int(rng.geometric(0.4)))
    first = str(1 + int(rng.choice(9, p=FIRST_DIGIT_SHARES)) if rng.random() < AMOUNT_SHARE else rng.integers(1, 10))
    rest = "0" * (length - 1) if rng.random() < 0.15 else _digits(rng, length - 1)
    return first + rest


def _decimal(rng: np.random.Generator) -> str:
    whole = str(rng.choice(["", "0"], p=[0.15, 0.85])) if rng.random() < 0.15 else _whole(rng, 5)
    decimals = _digits(rng, int(rng.choice([1, 2, 3, 4], p=[0.36, 0.5, 0.11, 0.03])))
    return whole + str(rng.choice([".", ","], p=[0.55, 0.45])) + decimals


def _thousands(rng: np.random.Generator) -> str:
    digits = f"{int(rng.integers(1_000, 10 ** int(rng.integers(4, 8)))):,}"
    separator = str(rng.choice([",", ".", "'", " "], p=[0.3, 0.25, 0.3, 0.15]))
    mark = "," if separator == "." else "." if separator == "," else str(rng.choice([".", ","]))
    return digits.replace(",", separator) + (mark + _digits(rng, 2) if rng.random() < 0.4 else "")


def _signed(rng: np.random.Generator) -> str:
    number = _decimal(rng) if rng.random() < 0.45 else _whole(rng, 6)
    return str(rng.choice(["-", "+"], p=[0.7, 0.3])) + number


def _date(rng: np.random.Generator) -> str:
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1900, 2060))
    separator = str(rng.choice([".", "/", "-"], p=[0.35, 0.4, 0.25]))
    width = 2 if rng.random() < 0.6 else 1
    parts = [f"{day:0{width}}", f"{month:0{width}}"]
    kind = rng.random()
    if kind < 0.15:
        return separator.join([str(year), f"{month:02}", f"{day:02}"])
    if kind < 0.75:
        parts.append(str(year) if rng.random() < 0.5 else f"{year % 100:02}")
    return separator.join(parts) + ("." if separator == "." and len(parts) == 2 and rng.random() < 0.5 else "")


def _groups(rng: np.random.Generator) -> str:
    separator = str(rng.choice(["-", " ", "/", "."], p=[0.5, 0.3, 0.1, 0.1]))
    return separator.join(_digits(rng, int(rng.integers(1, 5))) for _ in range(int(rng.integers(2, 5))))


def _time(rng: np.random.Generator) -> str:
    hour = f"{int(rng.integers(0, 24)):0{rng.integers(1, 3)}}"
    parts = [hour, *(f"{int(minute):02}" for minute in rng.integers(0, 60, 2 if rng.random() < 0.2 else 1))]
    return ":".join(parts) if rng.random() < 0.9 else ".".join(parts)


def _fraction(rng: np.random.Generator) -> str:
    separator = "/" if rng.random() < 0.8 else str(rng.choice([":", "-"]))
    return _digits(rng, int(rng.integers(1, 4))) + separator + _digits(rng, int(rng.integers(1, 4)))


def _money(rng: np.random.Generator) -> str:
    form = rng.random()
    amount = _decimal(rng) if form < 0.5 else _thousands(rng) if form < 0.6 else _whole(rng, 6)
    currency = str(rng.choice(list(CURRENCIES)))
    minus = "-" if rng.random() < 0.1 else ""
    return minus + (currency + amount if rng.random() < 0.75 else amount + currency)


def _percent(rng: np.random.Generator) -> str:
    return (_decimal(rng) if rng.random() < 0.4 else _whole(rng, 3)) + "%"


def _closed(rng: np.random.Generator) -> str:
    """Return an amount that ends in `.-`, `,-`, `-` or a point, so that nobody can append digits."""
    amount = _thousands(rng) if rng.random() < 0.2 else random_text(rng)
    return amount + str(rng.choice([".-", ",-", "-", ".", ",", ".--"], p=[0.3, 0.15, 0.25, 0.15, 0.1, 0.05]))


def _scattered(rng: np.random.Generator) -> str:
    """Return digits with one or two signs at random places, so that no sign is read only where it is usual."""
    characters = list(_digits(rng, int(rng.integers(1, 9))))
    for place in sorted(rng.choice(len(characters) + 1, min(2, int(rng.integers(1, 3))), replace=False), reverse=True):
        characters.insert(int(place), str(rng.choice(SIGNS)))
    return "".join(characters)


_FORMS: tuple[tuple[float, Callable[[np.random.Generator], str]], ...] = (
    (0.36, random_text),
    (0.18, _decimal),
    (0.07, _thousands),
    (0.07, _signed),
    (0.07, _date),
    (0.04, _groups),
    (0.03, _time),
    (0.04, _fraction),
    (0.05, _money),
    (0.02, _percent),
    (0.04, _closed),
    (0.03, _scattered),
)
