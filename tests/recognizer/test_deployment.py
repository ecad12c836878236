"""docs/deployment.md names what the code does: its units start what the Procfile starts, its nginx loses no header."""

import configparser
import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.surroundings import ROOT

PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
VENV = "/srv/digitscribe/app/.venv/bin/"

# Of an answer with X-Accel-Redirect nginx passes these on, makes these itself, and drops all others.
PASSED_ON = {"Content-Type", "Content-Disposition", "Cache-Control", "Set-Cookie", "Expires", "Accept-Ranges"}
MADE_BY_NGINX = {"ETag", "Content-Length", "X-Accel-Redirect"}
OF_NO_USE = {"Content-Language"}  # there are no words in a picture


def units() -> dict[str, dict[str, str]]:
    """The [Service] of each, by its name."""
    found = {}
    for name, text in re.findall(r"digitscribe-(\w+)\.service`:\n\n```ini\n(.*?)```", PAGE, re.DOTALL):
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str
        unit.read_string(text)
        found[name] = dict(unit["Service"])
    return found


def test_the_units_start_what_the_procfile_starts():
    procfile = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    started = {name: unit["ExecStart"].removeprefix(VENV) for name, unit in units().items()}
    assert started == dict(line.split(": ", 1) for line in procfile if not line.startswith("release: "))


def test_only_the_web_unit_owns_the_socket_and_reloads():
    """systemd removes a RuntimeDirectory with the first unit that names it and stops, and with it the socket."""
    for line in ("RuntimeDirectory", "ExecReload"):
        assert [name for name, unit in units().items() if line in unit] == ["web"]


@pytest.mark.django_db
def test_nginx_adds_every_header_that_it_drops(alice, given, settings):
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 3600
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.MEDIA_ACCEL_PREFIX = "/protected-media/"
    client = Client()
    client.force_login(alice)
    answer = client.get(reverse("upload_thumbnail", args=[given().upload_id]), secure=True)
    sent = {name: value for name, value in answer.items() if name not in PASSED_ON | MADE_BY_NGINX | OF_NO_USE}

    (location,) = re.findall(r"location /protected-media/ \{(.*?)\}", PAGE, re.DOTALL)
    assert dict(re.findall(r'add_header (\S+) "([^"]+)" always;', location)) == sent
