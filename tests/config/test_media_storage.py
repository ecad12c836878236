"""The storage of media that an environment names."""

import os
import subprocess
import sys

import pytest

from tests.surroundings import ROOT

PROGRAM = """
from config import settings
print(settings.MEDIA_STORAGE)
import django
django.setup()
from django.core.files.storage import default_storage
print(type(default_storage._wrapped).__name__ if default_storage.location else "")
"""


@pytest.mark.parametrize("name", ["disk", "recognizer.storage.AtomicFileSystemStorage"])
def test_the_disk_has_two_names(name):
    """The first versions named its class in .env.example."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=os.environ | {"MEDIA_STORAGE": name},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["disk", "AtomicFileSystemStorage"]
