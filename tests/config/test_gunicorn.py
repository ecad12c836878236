"""gunicorn's settings that are no names of the file."""

import os
import subprocess
import sys

import pytest

from tests.surroundings import ROOT

PRINT = "import config.gunicorn, os; print(os.environ['OPENBLAS_NUM_THREADS'])"


@pytest.mark.parametrize(("given", "used"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_numpy_computes_in_one_thread_unless_the_operator_says_otherwise(given, used):
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"} | given
    printed = subprocess.run([sys.executable, "-c", PRINT], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert printed.stdout.decode().strip() == used
