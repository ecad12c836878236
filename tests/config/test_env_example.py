"""Every setting that the code reads stands in .env.example with its default, and nothing else does."""

import ast
import re
from pathlib import Path

import pytest

from config import env
from tests.surroundings import ROOT, variables

READERS = {"text", "boolean", "integer", "items", "path"}
KNOWN_ONLY_TO_ENV = {"ENV_FILE"}  # names the file itself, so it cannot stand in it


def settings_read_by_the_code() -> set[str]:
    return {
        node.args[0].value
        for folder in ("config", "recognizer", "mlcore")
        for file in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READERS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_setting_is_in_the_example_and_nothing_else():
    assert variables() == settings_read_by_the_code()


def test_only_env_py_reads_the_environment():
    """The supervisor hands its own on to its children; the trainer asks which engine Keras was told to use."""
    allowed = {"config/env.py", "config/supervisor.py", "recognizer/management/commands/train_model.py"}
    readers = {
        str(file.relative_to(ROOT))
        for folder in ("config", "recognizer", "mlcore")
        for file in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.(environ\[|environ\.get|getenv)", file.read_text(encoding="utf-8"))
    }
    assert readers <= allowed


def test_the_example_is_a_valid_env_file_that_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENV_FILE", str(ROOT / ".env.example"))
    env.load_dotenv()
    assert env.integer("WEB_WORKERS", default=7) == 2
    assert env.boolean("HTTPS", default=True) is True  # given, but empty: the default holds


@pytest.mark.parametrize("value", ["maybe", "2", "yess"])
def test_a_yes_or_no_that_is_neither_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("DEBUG", value)
    with pytest.raises(env.ImproperlyConfigured, match="DEBUG must be yes or no"):
        env.boolean("DEBUG", default=False)


def test_a_number_below_its_least_stops_the_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEB_WORKERS", "0")
    with pytest.raises(env.ImproperlyConfigured, match="WEB_WORKERS must be at least 1"):
        env.integer("WEB_WORKERS", default=2, at_least=1)


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "key").write_text("s3cret\n")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert env.text("SECRET_KEY") == "s3cret"


def test_a_secret_given_twice_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("SECRET_KEY", "one")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(env.ImproperlyConfigured, match="not both"):
        env.text("SECRET_KEY")
