"""Tests of what a process with all pages and endpoints leaves out of its memory."""

import os
import subprocess
import sys

import pytest

from tests.servers.process import ROOT

LOAD_ALL = """
import sys
import django
django.setup()
from django.template import engines
from django.urls import get_resolver
engines.all()
get_resolver().url_patterns
"""
UNUSED = ("psycopg", "requests", "pygments", "jinja2", "unittest", "django.test", "xlsxwriter")


def run(program: str) -> str:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ENV_FILE": os.devnull,
        "DATABASE_URL": "sqlite:///unused.sqlite3",
    }
    command = [sys.executable, "-c", LOAD_ALL + program]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_process_beside_sqlite_leaves_out_what_it_never_uses() -> None:
    loaded = run("print(*sys.modules)").split()
    assert "recognizer.api.endpoints.predictions" in loaded
    assert [name for name in UNUSED if name in loaded] == []


@pytest.mark.parametrize(
    "program",
    [
        "from rest_framework.test import APIRequestFactory; print(APIRequestFactory().get('/x').path)",
        "from drf_spectacular.plumbing import APIRequestFactory; print(APIRequestFactory().get('/x').path)",
        "import psycopg; import requests; import pygments; print('/x')",
    ],
    ids=["test client", "schema generator", "packages"],
)
def test_what_is_left_out_can_still_be_imported(program: str) -> None:
    assert run(program).strip() == "/x"
