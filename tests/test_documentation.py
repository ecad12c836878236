"""The pages of the documentation name files, folders, modules and pages that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.imports import names_in
from tests.surroundings import ROOT

FOLDERS = ("bench", "config", "deploy", "docs", "mlcore", "recognizer", "static", "templates", "tests")
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FILES = [
    file.relative_to(ROOT)
    for file in [*ROOT.iterdir(), *(inner for folder in FOLDERS for inner in (ROOT / folder).rglob("*"))]
    if file.is_file() and "__pycache__" not in file.parts
]
FILE_NAME = re.compile(r"(?<![\w./-])(?:[\w-]+/)*[\w-]+\.(?:py|js|css|html)(?!\w)")
FOLDER_NAME = re.compile(r"(?<![\w./-])(?:[\w-]+/)+(?![\w.-])")
DOTTED_NAME = re.compile(r"\b(?:bench|config|mlcore|recognizer|tests)(?:\.\w+)+")
PLACEHOLDER = "NAME"  # stands for any page in CONTRIBUTING.md and docs/architecture.md
NO_MODULES = re.compile(r"recognizer\.(?:[EW]\d+|trainer)|config\.yaml")  # checks, a permission, a file of Kubernetes


def ends_of(files: list[Path]) -> set[str]:
    """Return the paths of files and their folders, also without some of the folders at the beginning."""
    return {
        "/".join(file.parts[first:end])
        for file in files
        for end in range(1, len(file.parts) + 1)
        for first in range(end)
    }


KNOWN = ends_of(FILES)


def code_in(page: Path) -> Iterator[str]:
    """Yield what a page shows as code in its sentences and tables."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`]+)`", text)


def is_module_or_name(dotted: str) -> bool:
    """Return whether a dotted name leads to a module, or to a name that stands in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 1, -1):
        place = ROOT.joinpath(*parts[:length])
        module = place.with_suffix(".py") if place.with_suffix(".py").exists() else place / "__init__.py"
        if module.exists():
            return length == len(parts) or parts[length] in re.findall(r"\w+", module.read_text(encoding="utf-8"))
    return False


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name
)  # what an old release brought may have moved since
def test_files_and_modules_exist(page: Path):
    code = " ".join(code_in(page))
    files = {name for name in FILE_NAME.findall(code) if PLACEHOLDER not in name}
    assert files - KNOWN == set()
    assert [
        name for name in DOTTED_NAME.findall(code) if not NO_MODULES.match(name) and not is_module_or_name(name)
    ] == []


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_folders_of_the_layout_exist(name: str):
    folders = {folder.strip("/") for folder in FOLDER_NAME.findall(" ".join(code_in(ROOT / name)))}
    assert len(folders) > 10
    assert folders - KNOWN == set()


@pytest.mark.parametrize("folder", ["config", "mlcore", "mlcore/reading", "recognizer", "recognizer/services"])
def test_the_architecture_names_every_package_and_module(folder: str):
    named = {part for code in code_in(ARCHITECTURE) for part in re.findall(r"\w+(?:\.py)?", code)}
    expected = {name if (ROOT / folder / name).is_dir() else f"{name}.py" for name in names_in(ROOT / folder)}
    assert expected - named == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if ":" not in link and not (page.parent / link).exists()] == []


def test_a_name_that_does_not_exist_is_found():
    assert is_module_or_name("mlcore.reading.files.errors.PictureError")
    assert not is_module_or_name("mlcore.reading.no_such_module")
    assert not is_module_or_name("mlcore.reading.files.errors.NoSuchError")
    assert "reading/files/errors.py" in KNOWN
    assert "reading/no_such_module.py" not in KNOWN
