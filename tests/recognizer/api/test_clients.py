"""Test of a client that is generated from the schema."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.api.docs import SCHEMA
from tests.pictures import digit_png

PROGRAM = """
import sys, time
from io import BytesIO
from pathlib import Path
from uuid import UUID

from digitscribe_client import AuthenticatedClient
from digitscribe_client.api.batches import create_batch, get_batch
from digitscribe_client.api.me import get_me
from digitscribe_client.api.models import get_current_model
from digitscribe_client.api.predictions import (
    correct_prediction, create_prediction, delete_prediction, get_prediction, list_predictions
)
from digitscribe_client.models import (
    BatchFilesRequest, MultipartPredictionRequest, Prediction, Problem, TextCorrectionRequest
)
from digitscribe_client.types import File

url, token = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token)
picture = Path("seven.png").read_bytes()


def file():
    return File(payload=BytesIO(picture), file_name="seven.png", mime_type="image/png")


made = create_prediction.sync(client=client, body=MultipartPredictionRequest(image=file()))
assert isinstance(made, Prediction), made
assert made.text == "7" and len(made.glyphs[0].probabilities) == 10
assert get_prediction.sync(made.id, client=client).sha256 == made.sha256
assert list_predictions.sync(client=client, page_size=10).results[0].id == made.id
corrected = correct_prediction.sync(made.id, client=client, body=TextCorrectionRequest(text="1"))
assert corrected.correction.text == "1"
assert get_me.sync(client=client).usage.pictures == 1
assert get_current_model.sync(client=client).version == made.model
batch = create_batch.sync(client=client, body=BatchFilesRequest(files=[file(), file()]))
assert get_batch.sync(batch.id, client=client).total == 2
assert delete_prediction.sync_detailed(made.id, client=client).status_code == 204
problem = get_prediction.sync(made.id, client=client)
assert isinstance(problem, Problem) and problem.code == "not_found", problem
print("success")
"""


@pytest.mark.slow
@pytest.mark.processes
def test_a_generated_client_works_unchanged(server, alice_token, tmp_path: Path):
    generate = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(SCHEMA), "--meta", "none"]
    made = subprocess.run(
        [*generate, "--output-path", str(tmp_path / "digitscribe_client")], capture_output=True, text=True, timeout=240
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (tmp_path / "seven.png").write_bytes(digit_png(7))
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    token = alice_token["Authorization"].removeprefix("Bearer ")
    used = subprocess.run(
        [sys.executable, "program.py", server.url, token],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert used.stdout == "success\n", made.stdout + used.stdout + used.stderr
