"""Tests of docs/api.md: its examples run, and it lists all codes and filters."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from recognizer.problems import KINDS
from recognizer.queries.filters import HistoryFilter
from tests.pictures import digit_png
from tests.surroundings import ROOT

GUIDE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def examples(language: str) -> str:
    """Return the guide's examples in one language as one program."""
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, flags=re.M | re.S))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Return a folder with the pictures that the examples send."""
    for name, digit in (("seven", 7), ("four", 4)):
        (tmp_path / f"{name}.png").write_bytes(digit_png(digit))
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for name in ("seven.png", "four.png"):
            archive.write(tmp_path / name, name)
    return tmp_path


def run(program: list[str], folder: Path, server: Any, headers: dict[str, str]) -> str:
    environment = {**os.environ, "DIGITS": server.url, "TOKEN": headers["Authorization"].removeprefix("Bearer ")}
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_every_code_is_in_the_guide_with_its_status_and_title():
    rows = set(re.findall(r"^\| (\d+) \| `(\w+)` \| (.*) \|$", GUIDE, flags=re.M))

    assert rows == {(str(kind.status), code, kind.title) for code, kind in KINDS.items()}


def test_every_filter_of_the_history_is_in_the_guide():
    (listed,) = re.findall(r"the history's filters \(([^)]+)\)", GUIDE)

    assert {*re.findall(r"`(\w+)`", listed), "ordering"} == set(HistoryFilter.base_filters)


@pytest.mark.processes
def test_the_examples_with_curl_run(desk, server, alice_token):
    if not shutil.which("curl"):
        pytest.skip("No curl here.")
    output = run(["bash", "-euo", "pipefail", "-c", examples("sh")], desk, server, alice_token)

    assert output.count('"text":"7"') >= 3
    assert "position,file,state" in output


@pytest.mark.processes
def test_the_examples_in_python_run(desk, server, worker, alice_token):
    (desk / "example.py").write_text(examples("python"), encoding="utf-8")
    lines = run([sys.executable, "example.py"], desk, server, alice_token).splitlines()

    assert lines[0].startswith("7 ")
    assert any(line.startswith("conv1 [") for line in lines)
    assert '"file": "seven.png", "text": "7"' in lines[-2]


@pytest.mark.browser
def test_the_examples_in_javascript_run(page: Page, server, alice_token):
    page.goto(f"{server.url}/healthz")
    logged: list[str] = []
    page.on("console", lambda message: message.type == "log" and logged.append(message.text))
    page.evaluate(
        "async ({digits, token, bytes}) => { const picture = new File([new Uint8Array(bytes)], 'seven.png');\n"
        + examples("js")
        + "}",
        {
            "digits": server.url,
            "token": alice_token["Authorization"].removeprefix("Bearer "),
            "bytes": list(digit_png(7)),
        },
    )

    assert logged[0].startswith("7 ")
    assert logged[1].endswith(" 7")


@pytest.mark.browser
@pytest.mark.parametrize("reader", ["docs", "redoc"])
def test_the_pages_of_the_schema_obey_the_content_security_policy(context: BrowserContext, server, reader):
    page = context.new_page()
    refused, answered = [], []
    page.on("console", lambda message: "Content Security Policy" in message.text and refused.append(message.text))
    page.on("response", lambda response: answered.append(response.url))
    page.goto(f"{server.url}/api/v1/{reader}/")
    page.get_by_text("Read a picture").first.wait_for(state="attached")

    # The policy blocks the logo that ReDoc loads from another host.
    assert [text for text in refused if "redoc/logo-mini.svg" not in text] == []
    assert [url for url in answered if not url.startswith((server.url, "data:", "blob:"))] == []
