"""Expectations in words: the fields of an expectation, and what a number lacks to fit them."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from mlcore.reading.expectations.expectation import Expectation, bare_digits
from mlcore.reading.expectations.expectation_text import parse_expectation
from mlcore.reading.written import DecimalMark, find_value

MAX_LISTED = 5  # allowed numbers that are named
CHECK_NAMES = {
    "luhn": _lazy("Luhn: payment cards, many customer numbers"),
    "gtin": _lazy("GTIN: EAN, UPC and other article numbers"),
    "isbn": _lazy("ISBN: books"),
    "iso7064-11-2": _lazy("ISO 7064 mod 11-2"),
    "iso7064-11-10": _lazy("ISO 7064 mod 11,10"),
    "iso7064-97-10": _lazy("ISO 7064 mod 97-10"),
}
OWN_WEIGHTS = "weights:"


def describe_expectation(fields: Mapping[str, str]) -> list[str]:
    """Return what each field says, such as `5 digits`. The fields are valid, and may lack the previous value."""
    parts = [describe(text) for name, describe in DESCRIPTIONS.items() if (text := fields.get(name))]
    return [*filter(None, parts), *_describe_previous(fields)]


def find_misfits(written: str, fields: Mapping[str, str], decimal: DecimalMark | None) -> list[str]:
    """Return why one line does not fit the expectation, a sentence for each reason; none if it fits."""
    expectation = parse_expectation(fields)
    if expectation is None:
        return []
    rule = decimal if expectation.decimal_rule is None else expectation.decimal_rule
    digits, value = bare_digits(written), find_value(written, rule)
    checks: list[tuple[bool, str]] = [
        (
            expectation.digits is not None and len(digits) not in expectation.digits,
            ngettext("It has %(count)d digit.", "It has %(count)d digits.", len(digits)) % {"count": len(digits)},
        ),
        (not expectation.may_have_sign and written.startswith(("-", "+")), _("A sign stands first.")),
        (bool(expectation.values) and written not in expectation.values, _("It is not one of the allowed numbers.")),
        (
            expectation.pattern is not None and not expectation.pattern.fits(written),
            _("It is not written like %(pattern)s.") % {"pattern": fields.get("pattern", "")},
        ),
        (expectation.check is not None and not expectation.check(digits), _("Its check digit is wrong.")),
    ]
    found = [sentence for fails, sentence in checks if fails]
    if expectation.needs_value:
        found += _find_misfits_of_value(value, expectation, fields)
    return found


def _find_misfits_of_value(value: str | None, expectation: Expectation, fields: Mapping[str, str]) -> list[str]:
    if value is None:
        return [_("It is not written as one value, as a date or a time is not.")]
    number, decimals = Decimal(value), len(value.partition(".")[2])
    previous = expectation.previous
    checks: list[tuple[bool, str]] = [
        (
            expectation.decimals is not None and decimals not in expectation.decimals,
            ngettext("It has %(count)d decimal.", "It has %(count)d decimals.", decimals) % {"count": decimals},
        ),
        (
            expectation.minimum is not None and number < expectation.minimum,
            _("It is below %(minimum)s.") % {"minimum": fields.get("minimum", "")},
        ),
        (
            expectation.maximum is not None and number > expectation.maximum,
            _("It is above %(maximum)s.") % {"maximum": fields.get("maximum", "")},
        ),
        (
            previous is not None and not Expectation(previous=previous, decimal="point").fits(value),
            _("It cannot follow the previous value %(previous)s.") % {"previous": fields.get("previous", "")},
        ),
    ]
    return [sentence for fails, sentence in checks if fails]


def _describe_counts(text: str, one: str, many: str, none: str = "") -> str:
    least, dash, most = text.replace(" ", "").partition("-")
    if dash and least != most:
        return _("%(least)s to %(most)s %(things)s") % {"least": int(least), "most": int(most), "things": many}
    count = int(least)
    return none if none and not count else f"{count} {one if count == 1 else many}"


def _describe_digits(text: str) -> str:
    return _describe_counts(text, _("digit"), _("digits"))


def _describe_decimals(text: str) -> str:
    return _describe_counts(text, _("decimal"), _("decimals"), _("no decimals"))


def _describe_sign(text: str) -> str:
    return _("no sign before it") if text.lower() in ("no", "false") else ""


def _describe_values(text: str) -> str:
    values = [value.strip() for value in text.split("|") if value.strip()]
    if len(values) > MAX_LISTED:
        return _("one of %(count)d allowed numbers") % {"count": len(values)}
    if len(values) == 1:
        return _("only %(value)s") % {"value": values[0]}
    return _("one of %(values)s") % {"values": ", ".join(values)}


def _describe_check(text: str) -> str:
    if text.startswith(OWN_WEIGHTS):
        return _("a check digit with the weights %(weights)s") % {"weights": text.removeprefix(OWN_WEIGHTS)}
    return _("a check digit (%(scheme)s)") % {"scheme": str(CHECK_NAMES.get(text, text)).partition(":")[0]}


def _describe_previous(fields: Mapping[str, str]) -> list[str]:
    previous, step, wraps_at = (fields.get(name) for name in ("previous", "step", "wraps_at"))
    parts = []
    if previous:
        parts.append(_("not below the previous value %(previous)s") % {"previous": previous})
    if step:
        parts.append(_("at most %(step)s above the previous value") % {"step": step})
    if wraps_at:
        parts.append(_("a counter that starts again at %(wraps_at)s") % {"wraps_at": wraps_at})
    return parts


DESCRIPTIONS: Mapping[str, Callable[[str], str]] = {
    "digits": _describe_digits,
    "decimals": _describe_decimals,
    "sign": _describe_sign,
    "minimum": lambda text: _("at least %(minimum)s") % {"minimum": text},
    "maximum": lambda text: _("at most %(maximum)s") % {"maximum": text},
    "values": _describe_values,
    "pattern": lambda text: _("written like %(pattern)s") % {"pattern": text},
    "check": _describe_check,
}
