"""The direction of imports between the packages of training."""

import re

import pytest

from tests.surroundings import ROOT

ALLOWED = {
    "recipes": {"evaluation", "networks", "datasets"},
    "evaluation": {"datasets", "synthesis"},
    "networks": {"datasets"},
    "datasets": {"synthesis"},
    "synthesis": set(),
}
TRAINING = ROOT / "mlcore" / "training"


def test_these_are_all_packages():
    assert {path.parent.name for path in TRAINING.glob("*/__init__.py")} == set(ALLOWED)


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_those_below_it(package: str):
    code = "".join(path.read_text(encoding="utf-8") for path in (TRAINING / package).glob("*.py"))
    assert set(re.findall(r"(?:from|import) mlcore\.training\.(\w+)", code)) - {package} <= ALLOWED[package]
