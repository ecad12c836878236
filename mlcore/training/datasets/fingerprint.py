"""Fingerprints of source code and data, which name cached files and checkpoints."""

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

PACKAGE = __name__.partition(".")[0]


def fingerprint(module: ModuleType, *values: object) -> str:
    """Return a hash of the values and of the code behind `module`; any change of them gives another name."""
    digest = hashlib.sha256("".join(map(str, values)).encode())
    for path in source_files(module):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def source_files(module: ModuleType) -> list[Path]:
    """Return the files of the module and of all modules of this project that it imports, directly or not."""
    found = {module.__name__}
    waiting = [module.__name__]
    while waiting:
        new = set(_imported_names(sys.modules[waiting.pop()])) - found
        found |= new
        waiting += new
    return [Path(str(sys.modules[name].__file__)) for name in sorted(found)]


def _imported_names(module: ModuleType) -> Iterator[str]:
    """Yield the names of this project's modules that the module imports."""
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            names = [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
            yield from (name for name in names if name in sys.modules)
