"""The imports of one package of this project in the source of a module."""

import ast
from collections.abc import Container, Iterator
from pathlib import Path


def imported_from(package: str, source: str) -> Iterator[str]:
    """Yield the names of modules and packages directly below a package that a source imports, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith(f"{package}."):
                yield name.removeprefix(f"{package}.").split(".")[0]


def names_in(folder: Path) -> set[str]:
    """Return the names of the modules and packages in the folder of a package."""
    found = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    return found - {"__init__"}


def sources_of(folder: Path, name: str) -> list[Path]:
    """Return the files of a package in the folder, or of a module."""
    return sorted((folder / name).rglob("*.py")) or [folder / f"{name}.py"]


def forbidden_imports(package: str, folder: Path, name: str, allowed: Container[str]) -> set[str]:
    """Return the imports of a package or module in the folder of `package` that are not among the allowed names."""
    return {
        f"{source.relative_to(folder)} imports {other}"
        for source in sources_of(folder, name)
        for other in imported_from(package, source.read_text())
        if other not in allowed
    }
