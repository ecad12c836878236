"""The order of the service packages: each imports only those that stand before it, so that none depend in a circle."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer import services

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


def imported_services(source: str) -> Iterator[str]:
    """Yield the service packages that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("recognizer.services."):
                yield name.split(".")[2]


def test_every_service_has_its_place():
    names = {path.stem for path in FOLDER.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert names - {"__init__"} == set(ORDER)


@pytest.mark.parametrize("service", ORDER)
def test_a_service_imports_only_those_before_it(service):
    allowed = ORDER[: ORDER.index(service) + 1]
    modules = sorted((FOLDER / service).rglob("*.py")) or [FOLDER / f"{service}.py"]
    found = {
        f"{module.relative_to(FOLDER)} imports {name}"
        for module in modules
        for name in imported_services(module.read_text())
        if name not in allowed
    }
    assert found == set()


def test_imports_inside_functions_and_of_whole_packages_are_found():
    source = "def f():\n    from recognizer.services import work, limits\n    import recognizer.services.space.quotas\n"
    assert list(imported_services(source)) == ["work", "limits", "space"]
