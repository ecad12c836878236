"""SECURITY_LOG_FILE names the file that gets the lines of the security log, and nothing else."""

import json
import os
import subprocess
import sys

import pytest

from recognizer.startup.checks import check_security_log
from tests.surroundings import ROOT

CODE = """
import django
django.setup()
import logging
from recognizer.services.security_log import Event, log_refusal
log_refusal(Event.TOKEN_REFUSED)
logging.getLogger("recognizer").error("another line")
"""


def test_the_lines_are_in_the_file_alone(tmp_path):
    file = tmp_path / "security.log"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "SECURITY_LOG_FILE": str(file)}
    run = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert [json.loads(line)["event"] for line in file.read_text().splitlines()] == ["token_refused"]
    assert "token_refused" not in run.stderr
    assert "ERROR recognizer [-]: another line" in run.stderr


@pytest.mark.parametrize(("name", "count"), [("log", 0), ("missing/log", 1), ("", 0)])
def test_a_file_in_a_missing_folder_is_refused(settings, tmp_path, name, count):
    settings.SECURITY_LOG_FILE = str(tmp_path / name) if name else ""
    assert [message.id for message in check_security_log()] == count * ["recognizer.E004"]
