"""The floors of the recognizer: each package imports only from those below its own, so that none depend in a circle."""

from pathlib import Path

import pytest

import recognizer
from tests.imports import forbidden_imports, names_in

FOLDER = Path(recognizer.__file__).parent
FLOORS = (
    {"logs", "models", "plots", "problems", "release", "storage"},
    {"figures", "migrations", "outages", "queries", "words"},
    {"bodies"},
    {"services"},
    {"forms", "http", "login", "startup"},
    {"admin", "api", "management", "tasks", "templatetags", "views"},
    {"apps", "urls"},
)


def test_everything_has_its_floor():
    assert names_in(FOLDER) == set.union(*FLOORS)
    assert sum(map(len, FLOORS)) == len(set.union(*FLOORS))


@pytest.mark.parametrize("name", sorted(set.union(*FLOORS)))
def test_a_package_imports_only_from_the_floors_below(name):
    floor = next(number for number, names in enumerate(FLOORS) if name in names)
    allowed = {name}.union(*FLOORS[:floor])
    assert forbidden_imports("recognizer", FOLDER, name, allowed) == set()
