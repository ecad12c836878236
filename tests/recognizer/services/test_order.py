"""The order of the service packages: each imports only those that stand before it, so that none depend in a circle."""

from pathlib import Path

import pytest

from recognizer import services
from tests.imports import forbidden_imports, imported_from, names_in

FOLDER = Path(services.__file__).parent
ORDER = (
    "rows",
    "account_state",
    "monitoring",
    "work",
    "throttles",
    "security_log",
    "limits",
    "space",
    "people",
    "registry",
    "quality",
    "history",
    "reading",
    "explaining",
    "review",
    "learning",
    "batches",
    "exports",
    "backups",
    "database_metrics",
    "upgrade",
)


def test_every_service_has_its_place():
    assert names_in(FOLDER) == set(ORDER)


@pytest.mark.parametrize("service", ORDER)
def test_a_service_imports_only_those_before_it(service):
    allowed = ORDER[: ORDER.index(service) + 1]
    assert forbidden_imports("recognizer.services", FOLDER, service, allowed) == set()


def test_imports_inside_functions_and_of_whole_packages_are_found():
    source = "def f():\n    from recognizer.services import work, limits\n    import recognizer.services.space.quotas\n"
    assert list(imported_from("recognizer.services", source)) == ["work", "limits", "space"]
