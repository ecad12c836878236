"""Tests of the fingerprints that name cached files and checkpoints."""

from mlcore.training.datasets import digits, lines
from mlcore.training.datasets.fingerprint import code_of, fingerprint, source_files

SOURCE = b'''"""A module."""

LIMIT = 3


class Pen:
    """A pen."""

    def draw(self):
        """Draw."""
        return "ink"
'''


def names(module):
    return {f"{path.parent.name}/{path.name}" for path in source_files(module)}


def test_all_modules_that_decide_the_synthetic_digits_are_found():
    deciding = {
        "datasets/digits.py", "datasets/cut_digits.py", "datasets/lines.py", "synthesis/alphabet.py",
        "synthesis/handwriting.py", "synthesis/lines.py", "synthesis/negatives.py", "synthesis/pen.py",
        "synthesis/sheets.py", "synthesis/strokes_0_to_4.py", "synthesis/strokes_5_to_9.py", "synthesis/strokes.py",
        "ink/extraction.py", "ink/paper.py", "ink/rulings.py", "ink/specks.py", "layout/normalise.py",
        "layout/regions.py", "layout/segment.py", "layout/strip.py",
    }  # fmt: skip
    assert deciding <= names(digits)


def test_modules_that_are_not_imported_are_left_out():
    assert "datasets/cut_digits.py" not in names(lines)
    assert not any(name.startswith(("networks/", "recipes/")) for name in names(digits))


def test_a_fingerprint_depends_on_the_module_and_on_every_value():
    assert fingerprint(lines, 1, "a") == fingerprint(lines, 1, "a")
    different = {fingerprint(lines, 1, "a"), fingerprint(lines, 2, "a"), fingerprint(lines, 1), fingerprint(digits, 1)}
    assert len(different) == 4


def test_values_are_not_run_together():
    assert len({fingerprint(lines, 1, 23), fingerprint(lines, 12, 3), fingerprint(lines, "1", 23)}) == 3


def test_comments_and_docstrings_are_no_code():
    reworded = SOURCE.replace(b"A pen.", b"Any pen.").replace(b"Draw.", b"Draw a line.").replace(b"= 3", b"= 3  # px")
    assert reworded != SOURCE
    assert code_of(reworded) == code_of(SOURCE)
    assert code_of(b'LIMIT = 3\n\ndef limit():\n    "Return it."\n') == code_of(b"LIMIT = 3\ndef limit():\n    'No.'")


def test_code_has_the_same_fingerprint_in_every_version_of_python():
    """Python 3.12 adds type parameters to functions and empty texts to formats; 3.13 dumps no empty lists."""
    source = b"def area(width, *, unit=None):\n    return f'{width:.{unit}} {unit!r}'\n"
    assert code_of(source) == (
        "Module(body=[FunctionDef(name='area', args=arguments(args=[arg(arg='width')], "
        "kwonlyargs=[arg(arg='unit')], kw_defaults=[Constant()]), "
        "body=[Return(value=JoinedStr(values=[FormattedValue(value=Name(id='width', ctx=Load()), conversion=-1, "
        "format_spec=JoinedStr(values=[Constant(value='.'), FormattedValue(value=Name(id='unit', ctx=Load()), "
        "conversion=-1)])), Constant(value=' '), FormattedValue(value=Name(id='unit', ctx=Load()), "
        "conversion=114)]))])])"
    )


def test_empty_fields_and_values_are_told_apart():
    assert len({code_of(source) for source in (b"x = None", b"x = ()", b"x = []", b"x = ''", b"x = 0", b"x: int")}) == 6


def test_any_change_of_the_code_counts():
    changed = (
        SOURCE.replace(b"3", b"4"),
        SOURCE.replace(b'"ink"', b'"inks"'),
        SOURCE.replace(b"draw", b"write"),
        SOURCE + b"LIMIT = 4\n",
    )
    assert code_of(SOURCE) not in {code_of(source) for source in changed}
