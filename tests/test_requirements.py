"""The files that pip and uv install from say what pyproject.toml asks for."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from recognizer.release import RELEASE
from tests.surroundings import ROOT

UV = Path(sys.executable).with_name("uv")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "uv.lock").read_text(encoding="utf-8")
FILES = {
    "requirements-serve.txt": [],
    "requirements.txt": ["--group", "train"],
    "requirements-torch.txt": ["--group", "torch"],
    "requirements-dev.txt": ["--group", "dev"],
}


def run_uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([UV, *arguments, "--offline"], cwd=ROOT, capture_output=True, text=True, check=False)


def pinned(text: str) -> str:
    """Return the file without its comment, which names the file that it was written to."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def test_the_lock_answers_pyproject():
    result = run_uv("lock", "--check")
    assert result.returncode == 0, f"Run `make requirements`.\n{result.stderr}"


@pytest.mark.parametrize("name", FILES)
def test_each_requirements_file_is_what_the_lock_exports(name: str):
    exported = run_uv("export", "--quiet", "--frozen", "--no-annotate", *FILES[name])
    assert exported.returncode == 0, exported.stderr
    assert pinned((ROOT / name).read_text(encoding="utf-8")) == pinned(exported.stdout), "Run `make requirements`."


def test_the_lock_names_the_public_index_alone():
    assert set(re.findall(r"https?://[^/\"]+", LOCK)) == {"https://pypi.org", "https://files.pythonhosted.org"}


def test_the_makefile_and_mypy_accept_the_oldest_and_newest_python_of_pyproject():
    oldest, end = re.findall(r"3\.(\d+)", PROJECT["project"]["requires-python"])
    assert f"(3, {oldest}) <= sys.version_info[:2] < (3, {end})" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert PROJECT["tool"]["mypy"]["python_version"] == f"3.{oldest}"
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py3{oldest}"


def test_the_release_is_that_of_pyproject():
    assert PROJECT["project"]["version"] == RELEASE


def test_every_dependency_has_its_reason_in_the_architecture():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.split("## Dependencies")[1]
    named = {name for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for name in re.findall(r"[\w-]+", row)}
    groups = [PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"].values()]
    wanted = {re.match(r"[\w-]+", each)[0] for group in groups for each in group if isinstance(each, str)}
    assert wanted - named == set()
