"""Fingerprints of source code and data, which name cached files and checkpoints."""

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

PACKAGE = __name__.partition(".")[0]
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def fingerprint(module: ModuleType, *values: object) -> str:
    """Return a hash of the values and of the code behind `module`; any change of them gives another name.

    Comments, docstrings and line breaks are no code: what was rendered outlives a reworded sentence.
    """
    digest = hashlib.sha256(repr(values).encode())
    for path in source_files(module):
        digest.update(code_of(path.read_bytes()).encode())
    return digest.hexdigest()[:12]


def code_of(source: bytes) -> str:
    """Return the syntax tree of a module without its docstrings, in the same words for every supported Python."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
        if isinstance(node, ast.JoinedStr):  # Python 3.12.1 adds an empty text to nested formats
            node.values = [value for value in node.values if not isinstance(value, ast.Constant) or value.value]
    return _describe(tree)


def _describe(node: object) -> str:
    """Return a text of a syntax tree, without empty fields.

    `ast.dump` shows empty lists in some versions of Python. Tokens differ as well: an f-string is several from 3.12 on.
    """
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if value is not None and value != []]
        return f"{type(node).__name__}({', '.join(f'{name}={_describe(value)}' for name, value in fields)})"
    if isinstance(node, list):
        return f"[{', '.join(map(_describe, node))}]"
    return repr(node)


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
