"""Defaults that depend on PRODUCTION."""

import os
import subprocess
import sys

import pytest

from tests.surroundings import ROOT


@pytest.mark.parametrize(
    ("environment", "is_open"),
    [
        ({}, True),
        ({"PRODUCTION": "yes"}, False),
        ({"PRODUCTION": "yes", "SIGNUP_OPEN": ""}, False),
        ({"PRODUCTION": "yes", "SIGNUP_OPEN": "yes"}, True),
    ],
)
def test_sign_up_is_closed_in_production_unless_opened(environment, is_open):
    program = "from config import settings; print(settings.SIGNUP_OPEN)"
    environment = {**os.environ, "SECRET_KEY": "x" * 50, **environment}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(is_open)
