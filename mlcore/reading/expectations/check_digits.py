"""The check digits: schemes by which the last digits of a number follow from the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MAX_WEIGHTS, MAX_WEIGHT, MAX_MODULUS = 40, 99, 99
GTIN_LENGTHS, ISBN_LENGTHS = (8, 12, 13, 14), (10, 13)
BOOKLAND = ("978", "979")  # prefixes of an ISBN with 13 digits


@dataclass(frozen=True, slots=True)
class WeightedModulus:
    """A scheme of somebody's own: the sum of weight times digit is a multiple of the modulus.

    The weights count from the left, so a number has as many digits as there are weights.
    """

    weights: tuple[int, ...]
    modulus: int

    def __post_init__(self) -> None:
        if not 2 <= len(self.weights) <= MAX_WEIGHTS:
            raise ValueError(f"A check digit needs 2 to {MAX_WEIGHTS} weights.")
        if any(not 0 <= weight <= MAX_WEIGHT for weight in self.weights):
            raise ValueError(f"The weights of a check digit are 0 to {MAX_WEIGHT}.")
        if not 2 <= self.modulus <= MAX_MODULUS:
            raise ValueError(f"The modulus of a check digit is 2 to {MAX_MODULUS}.")

    def __call__(self, digits: str) -> bool:
        return len(digits) == len(self.weights) and weighted_sum(digits, self.weights) % self.modulus == 0


def is_luhn(digits: str) -> bool:
    """Return whether the last digit is right for payment cards and many customer numbers (ISO/IEC 7812)."""
    values = _values(digits)[::-1]
    doubled = sum(sum(divmod(2 * value, 10)) for value in values[1::2])
    return len(digits) > 1 and (sum(values[::2]) + doubled) % 10 == 0


def is_gtin(digits: str) -> bool:
    """Return whether this is an article number of 8, 12, 13 or 14 digits: EAN, UPC or GTIN."""
    weights = [3 if place % 2 else 1 for place in range(len(digits))][::-1]
    return len(digits) in GTIN_LENGTHS and weighted_sum(digits, weights) % 10 == 0


def is_isbn(digits: str) -> bool:
    """Return whether this is a book number of 10 or 13 digits. A final X is no digit, so such numbers never fit."""
    if len(digits) == 13:
        return digits.startswith(BOOKLAND) and is_gtin(digits)
    return len(digits) == 10 and weighted_sum(digits, range(10, 0, -1)) % 11 == 0


def is_iso7064_11_2(digits: str) -> bool:
    """Return whether the last digit is right by ISO 7064 mod 11-2, as in an ORCID. A final X never fits."""
    remainder = 0
    for value in _values(digits):
        remainder = (remainder * 2 + value) % 11
    return len(digits) > 1 and remainder == 1


def is_iso7064_11_10(digits: str) -> bool:
    """Return whether the last digit is right by ISO 7064 mod 11,10, as in a German tax number."""
    if len(digits) < 2:
        return False
    *others, last = _values(digits)
    product = 10
    for value in others:
        product = ((product + value) % 10 or 10) * 2 % 11
    return (product + last) % 10 == 1


def is_iso7064_97_10(digits: str) -> bool:
    """Return whether the last two digits are right by ISO 7064 mod 97-10."""
    return len(digits) > 2 and int(digits) % 97 == 1


CHECKS: Mapping[str, Callable[[str], bool]] = {
    "luhn": is_luhn,
    "gtin": is_gtin,
    "isbn": is_isbn,
    "iso7064-11-2": is_iso7064_11_2,
    "iso7064-11-10": is_iso7064_11_10,
    "iso7064-97-10": is_iso7064_97_10,
}


def weighted_sum(digits: str, weights: Sequence[int]) -> int:
    return sum(weight * value for weight, value in zip(weights, _values(digits), strict=True))


def _values(digits: str) -> list[int]:
    return [int(digit) for digit in digits]
