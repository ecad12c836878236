"""docs/deployment.md agrees with the code: the units with the Procfile, and nginx with the response headers."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.deploy.page import PAGE, parse_units
from tests.surroundings import ROOT

VENV = "/srv/digitscribe/app/.venv/bin/"

# From a response with X-Accel-Redirect nginx forwards some headers, sets some itself and drops all others.
FORWARDED = {"Content-Type", "Content-Disposition", "Cache-Control", "Set-Cookie", "Expires", "Accept-Ranges"}
SET_BY_NGINX = {"ETag", "Content-Length", "X-Accel-Redirect"}
NOT_NEEDED = {"Content-Language"}  # pictures have no language


def test_the_units_start_the_commands_of_the_procfile():
    procfile = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    started = {name: unit["ExecStart"].removeprefix(VENV) for name, unit in parse_units().items()}
    assert started == dict(line.split(": ", 1) for line in procfile if not line.startswith("release: "))


def test_only_the_web_unit_owns_the_socket_and_reloads():
    """systemd removes a RuntimeDirectory, and the socket in it, when any unit that names it stops."""
    for line in ("RuntimeDirectory", "ExecReload"):
        assert [name for name, unit in parse_units().items() if line in unit] == ["web"]


@pytest.mark.django_db
def test_nginx_sets_every_header_that_it_drops(alice, add_prediction, settings):
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 3600
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.MEDIA_ACCEL_PREFIX = "/protected-media/"
    client = Client()
    client.force_login(alice)
    answer = client.get(reverse("upload_thumbnail", args=[add_prediction().upload_id]), secure=True)
    sent = {name: value for name, value in answer.items() if name not in FORWARDED | SET_BY_NGINX | NOT_NEEDED}

    (location,) = re.findall(r"location /protected-media/ \{(.*?)\}", PAGE, re.DOTALL)
    assert "add_header X-Request-ID $upstream_http_x_request_id always;" in location
    assert sent.pop("X-Request-ID")
    assert dict(re.findall(r'add_header (\S+) "([^"]+)" always;', location)) == sent
