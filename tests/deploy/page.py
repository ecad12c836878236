"""docs/deployment.md, and the systemd units in it."""

import configparser
import re

from tests.surroundings import ROOT

PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")


def parse_units() -> dict[str, dict[str, str]]:
    """Return the [Service] section of each unit by its name."""
    found = {}
    for name, text in re.findall(r"digitscribe-(\w+)\.service`:\n\n```ini\n(.*?)```", PAGE, re.DOTALL):
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read_string(text)
        found[name] = dict(unit["Service"])
    return found
