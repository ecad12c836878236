"""Test of the server against its schema, by schemathesis."""

import os
from pathlib import Path

import pytest

from recognizer.models import Upload
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png
from tests.recognizer.api.contract import check
from tests.servers.web import WebServer

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
    output = check(unlimited_server.url, alice_token, tmp_path, examples=EXAMPLES, path_parameters=path_parameters)

    assert "Stateful" in output
