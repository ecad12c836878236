"""Keras and TensorFlow read their environment variables once, when they are imported."""

import os
import subprocess
import sys

import pytest

NAMES = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS")
WATCH = f"""
import importlib, os, sys

class Watch:
    def find_spec(self, name, *others):
        if name in ("keras", "tensorflow"):
            print(name, *(os.environ.get(each) for each in {NAMES}))

sys.meta_path.insert(0, Watch())
importlib.import_module(sys.argv[1])
"""


MODULES = ("networks.fit", "networks.machine", "networks.digit", "networks.line", "recipes.digit")


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_the_environment_is_set_before_keras_is_imported(module: str) -> None:
    pytest.importorskip("tensorflow")
    bare = {name: value for name, value in os.environ.items() if name not in NAMES}
    command = [sys.executable, "-c", WATCH, f"mlcore.training.{module}"]
    seen = subprocess.run(command, env=bare, capture_output=True, text=True, check=True).stdout.splitlines()
    assert seen[:2] == ["keras tensorflow 2 1", "tensorflow tensorflow 2 1"]
