"""Tests of the environment's reader, and of .env.example, which lists every setting with its default."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import env, load_dotenv, setting_names, unknown_names
from tests.surroundings import ROOT

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


@pytest.fixture
def env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "settings"
    monkeypatch.setenv("ENV_FILE", str(file))
    return file


def test_a_named_file_that_is_missing_stops_the_start(env_file: Path):
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        load_dotenv()


def test_a_file_that_cannot_be_read_stops_the_start(env_file: Path):
    env_file.mkdir()
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        load_dotenv()
    env_file.rmdir()
    env_file.write_bytes(b"SECRET_KEY=\xff")
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        load_dotenv()


def test_a_missing_env_file_that_nobody_named_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("ENV_FILE")
    monkeypatch.setattr("config.env.ROOT", tmp_path)
    assert load_dotenv() == []
    (tmp_path / ".env").mkdir()
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        load_dotenv()


@pytest.mark.parametrize("line", ["SECRET_KEY = word", "SECRET_KEY: word", "SECRET_KEY"])
def test_a_line_that_is_no_setting_stops_the_start_without_showing_it(env_file: Path, line: str):
    env_file.write_text(f"# first\n\n{line}\n")
    with pytest.raises(ImproperlyConfigured, match="line 3") as error:
        load_dotenv()
    assert "word" not in str(error.value)


def test_names_in_the_file_that_are_no_settings_are_found(monkeypatch: pytest.MonkeyPatch, env_file: Path):
    monkeypatch.setenv("SECRET_KYE", "kept from this process")
    env_file.write_text("SECRET_KYE=word\nexport DEBUG=\nDATABASE_PASSWORD_FILE=\nSECURITY_LOG_FILE=\n")
    names = load_dotenv()
    assert names == ["SECRET_KYE", "DEBUG", "DATABASE_PASSWORD_FILE", "SECURITY_LOG_FILE"]
    assert unknown_names(names) == ["SECRET_KYE"]


@pytest.mark.parametrize(("name", "value"), [("LOG_LEVEL", "verbose"), ("MEDIA_STORAGE", "S3")])
def test_a_setting_with_an_unknown_word_stops_the_start(name: str, value: str):
    environment = os.environ | {name: value}
    run = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert f"ImproperlyConfigured: {name} must be " in run.stderr
