"""docs/glossary.md gives each word one meaning, and a name in the code that exists."""

import importlib
import re

import pytest

from tests.surroundings import ROOT

PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `([^`]+)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", sorted({name for *_, name in ROWS}))
def test_the_name_of_a_word_exists_in_the_code(name: str):
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part) if hasattr(found, part) else found.__annotations__[part]
        return
    pytest.fail(f"{name} does not exist")


def test_every_word_has_one_meaning():
    words = [word.strip() for row in ROWS for word in row[0].split(",")]
    assert len(words) == len(set(words)) > 40
