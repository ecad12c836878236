"""Numbers as people type them: the characters are made those of a written form, and anything else is refused."""

import re

from django.utils.translation import gettext as _

from mlcore.reading.result import MAX_GLYPHS, MAX_LINES, SIGNS
from recognizer.models.prediction import MAX_WRITTEN
from recognizer.problems import Problem

# Keyboards and other programs write these signs in several ways.
REPLACEMENTS = str.maketrans(
    {
        **dict.fromkeys("\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}", "-"),
        **dict.fromkeys("\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}", "'"),
        **dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\t", " "),
    }
)
LINE = re.compile(r"[0-9 {}]*".format(re.escape("".join(SIGNS))))


def parse_written(typed: str) -> str:
    """Return the written form of a typed number, whose lines are separated by line feeds; "" if nothing was typed.

    Raise a Problem if it is not a number with up to 600 digits.
    """
    lines = [re.sub(" +", " ", line.translate(REPLACEMENTS)).strip() for line in re.split("\r\n|\r|\n", typed)]
    written = "\n".join(filter(None, lines))
    if not written:
        return ""
    lines = written.split("\n")
    if not all(LINE.fullmatch(line) for line in lines):
        raise Problem("invalid", _("Use only the digits 0 to 9 and the signs %(signs)s.") % {"signs": " ".join(SIGNS)})
    if not all(re.search("[0-9]", line) for line in lines):
        raise Problem("invalid", _("Each line needs at least one digit."))
    digits = len(re.findall("[0-9]", written))
    if digits > MAX_GLYPHS or len(lines) > MAX_LINES or len(written) > MAX_WRITTEN:
        raise Problem(
            "invalid",
            _("Enter up to %(digits)d digits in up to %(lines)d lines.") % {"digits": MAX_GLYPHS, "lines": MAX_LINES},
        )
    return written
