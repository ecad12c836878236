from mlcore.training.datasets import digits, lines
from mlcore.training.datasets.fingerprint import fingerprint, source_files


def names(module):
    return {f"{path.parent.name}/{path.name}" for path in source_files(module)}


def test_all_modules_that_decide_the_synthetic_digits_are_found():
    deciding = {
        "datasets/digits.py", "datasets/cut_digits.py", "datasets/lines.py", "synthesis/alphabet.py",
        "synthesis/handwriting.py", "synthesis/lines.py", "synthesis/negatives.py", "synthesis/pen.py",
        "synthesis/sheets.py", "synthesis/strokes_0_to_4.py", "synthesis/strokes_5_to_9.py", "synthesis/strokes.py",
        "reading/ink.py", "reading/layout.py", "reading/normalise.py", "reading/paper.py", "reading/rulings.py",
        "reading/segment.py", "reading/specks.py", "reading/strip.py",
    }  # fmt: skip
    assert deciding <= names(digits)


def test_modules_that_are_not_imported_are_left_out():
    assert "datasets/cut_digits.py" not in names(lines)
    assert not any(name.startswith(("networks/", "recipes/")) for name in names(digits))


def test_a_fingerprint_depends_on_the_module_and_on_every_value():
    assert fingerprint(lines, 1, "a") == fingerprint(lines, 1, "a")
    different = {fingerprint(lines, 1, "a"), fingerprint(lines, 2, "a"), fingerprint(lines, 1), fingerprint(digits, 1)}
    assert len(different) == 4
