"""The floors of the reader: each package and module imports only from those below its own, so there is no circle."""

from pathlib import Path

import pytest

from mlcore import reading
from tests.imports import forbidden_imports, names_in

FOLDER = Path(reading.__file__).parent
FLOORS = (
    {"arrays", "budget", "files", "result", "trace"},
    {"ink", "written"},
    {"expectations", "layout"},
    {"engine"},
    {"numbers"},
    {"answers"},
    {"prepared_image"},
    {"reader"},
)


def test_everything_has_its_floor():
    assert names_in(FOLDER) == set.union(*FLOORS)
    assert sum(map(len, FLOORS)) == len(set.union(*FLOORS))


@pytest.mark.parametrize("name", sorted(set.union(*FLOORS)))
def test_a_package_imports_only_from_the_floors_below(name: str):
    floor = next(number for number, names in enumerate(FLOORS) if name in names)
    allowed = {name}.union(*FLOORS[:floor])
    assert forbidden_imports("mlcore.reading", FOLDER, name, allowed) == set()
