"""Tests of the environment's reader, and of .env.example, which lists every setting with its default."""

import ast
import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import env, load_dotenv
from tests.surroundings import ROOT, setting_names

READERS = {"str", "bool", "int", "list", "path", "db"}
NAMES_THE_FILE = {"ENV_FILE"}  # it says which file is read, so it cannot stand in that file


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


def test_the_example_lists_every_setting_and_nothing_else():
    assert setting_names() == settings_read_by_the_code() - NAMES_THE_FILE


def test_only_env_py_reads_the_environment():
    """The supervisor passes its environment on to its children; the trainer asks which Keras backend is chosen."""
    allowed = {"config/env.py", "config/supervisor.py", "recognizer/management/training.py"}
    readers = {
        str(file.relative_to(ROOT))
        for folder in ("config", "recognizer", "mlcore")
        for file in (ROOT / folder).rglob("*.py")
        if re.search(r"os\.(environ\[|environ\.get|getenv)", file.read_text(encoding="utf-8"))
    }
    assert readers <= allowed


def test_the_example_is_a_valid_env_file_that_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENV_FILE", str(ROOT / ".env.example"))
    load_dotenv()
    assert env.int("WEB_WORKERS", default=7) == 2
    assert env.bool("HTTPS", default=True) is True  # listed, but empty: the default holds
    assert env.list("CSRF_TRUSTED_ORIGINS", default=[]) == []


def test_a_list_is_separated_by_commas_and_may_have_spaces(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "one.example, two.example,")
    assert env.list("ALLOWED_HOSTS", str.strip, default=[]) == ["one.example", "two.example"]


def test_a_dollar_in_a_secret_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECRET_KEY", "$HOME")
    assert env.str("SECRET_KEY", default="") == "$HOME"


@pytest.mark.parametrize("value", ["maybe", "2", "yess"])
def test_an_unknown_boolean_stops_the_start(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("DEBUG", value)
    with pytest.raises(ImproperlyConfigured, match="DEBUG must be yes or no"):
        env.bool("DEBUG", default=False)


def test_text_in_place_of_a_number_stops_the_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEB_WORKERS", "two")
    with pytest.raises(ImproperlyConfigured, match="WEB_WORKERS must be a whole number, not 'two'"):
        env.int("WEB_WORKERS", default=2, at_least=1)


def test_a_number_below_its_minimum_stops_the_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEB_WORKERS", "0")
    with pytest.raises(ImproperlyConfigured, match="WEB_WORKERS must be at least 1"):
        env.int("WEB_WORKERS", default=2, at_least=1)


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "key").write_text("s3cret\n")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert env.str("SECRET_KEY", default="") == "s3cret"


def test_a_missing_secret_file_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FILE cannot be read"):
        env.str("SECRET_KEY", default="")


def test_a_secret_given_twice_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("SECRET_KEY", "one")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(ImproperlyConfigured, match="not both"):
        env.str("SECRET_KEY", default="")


def test_an_address_below_a_path_stops_the_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCRIPT_NAME", "/digits")
    with pytest.raises(ImproperlyConfigured, match="needs a host name of its own"):
        load_dotenv()
