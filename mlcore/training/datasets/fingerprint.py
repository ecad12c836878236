"""Names for what is generated, made of all that it depends on."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType


def fingerprint(sources: Iterable[ModuleType], *facts: object) -> str:
    seen = hashlib.sha256("".join(map(str, facts)).encode())
    for module in sources:
        seen.update(Path(str(module.__file__)).read_bytes())
    return seen.hexdigest()[:12]
