"""The environment of this process, read by django-environ with strict values.

An empty variable counts as absent, since .env.example lists every setting. Secrets may come from the file that
NAME_FILE points to. A value that cannot be understood stops the start with an error that names the variable.
"""

import builtins
import re
from io import StringIO
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent

BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class StrictEnv(environ.Env):  # type: ignore[misc]
    """django-environ's reader, without its lenient booleans and without `$` references between variables."""

    def get_value(self, var: str, cast: Any = None, default: Any = "", parse_default: bool = False) -> Any:
        """Return the variable, or the content of the file that VAR_FILE names, or the default."""
        value, file = self.ENVIRON.get(var, ""), self.ENVIRON.get(f"{var}_FILE", "")
        if value and file:
            raise ImproperlyConfigured(f"Set {var} or {var}_FILE, not both.")
        try:
            value = Path(file).read_text(encoding="utf-8").strip() if file else value
        except OSError as error:
            raise ImproperlyConfigured(f"{var}_FILE cannot be read: {error}") from error
        return self.parse_value(value, cast) if value else default

    def bool(self, var: str, default: builtins.bool) -> builtins.bool:
        value = self.str(var, default="").lower()
        if value and value not in BOOLEANS:
            raise ImproperlyConfigured(f"{var} must be yes or no, not {value!r}.")
        return BOOLEANS.get(value, default)

    def int(self, var: str, default: builtins.int, at_least: builtins.int = 0) -> builtins.int:
        try:
            number: builtins.int = super().int(var, default)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} must be a whole number, not {self.str(var)!r}.") from error
        if number < at_least:
            raise ImproperlyConfigured(f"{var} must be at least {at_least}, not {number}.")
        return number

    def path(self, var: str, default: Path) -> Path:
        return Path(self.str(var, default=default)).expanduser().resolve()


env = StrictEnv()


def load_dotenv() -> list[str]:
    """Add the variables of .env, or of the file that ENV_FILE names, to those of the environment. Return their names.

    Only .env may be missing. Without a file that cannot be read, the server would start with public defaults.
    """
    file = env.path("ENV_FILE", default=ROOT / ".env")
    try:
        content = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        if not isinstance(error, FileNotFoundError) or env.str("ENV_FILE", default=""):
            raise ImproperlyConfigured(f"The settings in {file} cannot be read: {error}") from error
        content = ""
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip() and not re.match(r"\s*#|(export )?\w+=", line):
            raise ImproperlyConfigured(f"{file}, line {number}: write NAME=value, without spaces around the =.")
    env.read_env(StringIO(content))
    if env.ENVIRON.get("SCRIPT_NAME"):  # gunicorn would put it in front of all addresses
        raise ImproperlyConfigured("Digitscribe needs a host name of its own. Remove SCRIPT_NAME from the environment.")
    return re.findall(r"^(?:export )?(\w+)=", content, re.MULTILINE)


def setting_names() -> set[str]:
    """Return the names of all settings, by .env.example. It is missing in the image of a container."""
    example = ROOT / ".env.example"
    text = example.read_text(encoding="utf-8") if example.exists() else ""
    return set(re.findall(r"^([A-Z][A-Z_0-9]+)=", text, re.MULTILINE))


def unknown_names(names: list[str]) -> list[str]:
    """Return those of the names in a file that are neither settings nor the NAME_FILE of one."""
    known = setting_names()
    return [name for name in names if known and name.removesuffix("_FILE") not in known and name not in known]
