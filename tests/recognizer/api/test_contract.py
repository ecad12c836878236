"""Test of the server against its schema, by schemathesis."""

import os
from pathlib import Path

import pytest

from recognizer.models import Upload
from recognizer.services.reading.predictions import create_prediction
from tests import surroundings
from tests.pictures import digit_png
from tests.recognizer.api.contract import ALL_PHASES, check
from tests.servers.web import WebServer

# What schemathesis generates at random reaches PostgreSQL, which refuses more values than SQLite.
IS_SHORT = "EXAMPLES" not in os.environ and surroundings.ENGINE != "postgres"
PHASES = "examples,coverage" if IS_SHORT else ALL_PHASES
EXAMPLES = int(os.environ.get("EXAMPLES", "25"))
UNLIMITED = {"API_REQUESTS_PER_USER": "100000000", "API_REQUESTS_PER_ADDRESS": "100000000"}
pytestmark = [pytest.mark.slow, pytest.mark.processes, pytest.mark.timeout(0 if EXAMPLES > 25 else 900)]


@pytest.fixture
def unlimited_server(static_files, same_database, model, tmp_path: Path):
    server = WebServer(log=tmp_path / "web.log", environment={**same_database, **UNLIMITED}, workers=2)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def path_parameters(alice, model) -> dict[str, str]:
    prediction = create_prediction(owner=alice, data=digit_png(7), source=Upload.Source.API)
    return {"id": f'"{prediction.pk}"', "position": "0", "layer": '"conv1"'}


def test_schemathesis_finds_nothing(unlimited_server, alice_token, path_parameters, tmp_path):
    options = {"examples": EXAMPLES, "path_parameters": path_parameters, "phases": PHASES}
    output = check(unlimited_server.url, alice_token, tmp_path, **options)

    assert PHASES.rpartition(",")[2].capitalize() in output
