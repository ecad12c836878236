"""The recipes of docs/recipes.md run as they are written."""

import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse
from openpyxl import load_workbook

from recognizer.management.commands.import_uploads import Command
from recognizer.models import Batch, Correction, Prediction
from recognizer.queries.selectors import history_for
from recognizer.services.exports.exports import history_rows
from recognizer.services.exports.spreadsheets import write_workbook
from recognizer.services.exports.summaries import Summary
from recognizer.services.people.export_links import create_link
from recognizer.services.reading.presets import create_preset
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import run_waiting_jobs
from tests.surroundings import ROOT

RECIPES = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, alice, model) -> Path:
    create_preset(owner=alice, name="Water meter", mode="digit", fields={"digits": "1"})
    folder = tmp_path / "meters"
    folder.mkdir()
    for digit in (4, 7):
        (folder / f"{digit}.png").write_bytes(digit_png(digit, size=200))
    return folder


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", RECIPES, flags=re.M | re.S)


def command_of(name: str, folder: Path) -> list[str]:
    """Return the arguments of the command of a recipe, for a folder of alice."""
    (line,) = (line for block in blocks("sh") for line in block.splitlines() if line.startswith(f"manage.py {name}"))
    return shlex.split(line.replace("FOLDER", str(folder)).replace("NAME", "alice"))[1:]


def run(program: list[str], server, token: dict[str, str]) -> str:
    if program[0] == "bash" and not shutil.which("curl"):
        pytest.skip("No curl here.")
    secret = token["Authorization"].removeprefix("Bearer ")
    environment = {**os.environ, "DIGITS": server.url, "TOKEN": secret}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_folder_becomes_a_spreadsheet(folder, tmp_path, monkeypatch, media):
    wait = Command.wait
    monkeypatch.setattr(Command, "wait", lambda self, batch: run_waiting_jobs() or wait(self, batch))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        call_command(*command_of("import_uploads", folder), stdout=io.StringIO())
    assert ended.value.code == 0
    sheet = load_workbook(tmp_path / "readings.xlsx")["Results"]
    head, *rows = sheet.iter_rows(values_only=True)
    assert [row[head.index("file")] for row in rows] == ["4.png", "7.png"]


def test_a_folder_is_watched(folder, media):
    (folder / "4.png").write_text("no picture")
    (folder / "7.png").write_text("no picture")  # so that no worker is needed
    call_command(*command_of("watch", folder), "--once", "--settled", "0", stdout=io.StringIO())
    assert sorted(path.name for path in (folder / "failed").iterdir())[:2] == ["4.png", "4.png.txt"]
    assert Batch.objects.get().preset.name == "Water meter"


def test_a_table_is_edited_and_imported(folder, tmp_path, monkeypatch, media, alice):
    call_command("import_uploads", str(folder), "--user", "alice", stdout=io.StringIO())
    run_waiting_jobs()
    with (tmp_path / "edited.xlsx").open("wb") as file:
        write_workbook(file, history_rows(history_for(alice), str), Summary([], []))
    book = load_workbook(tmp_path / "edited.xlsx")
    names, *rows = book["Results"].iter_rows()
    columns = {cell.value: number for number, cell in enumerate(names)}
    next(row for row in rows if row[columns["file"]].value == "7.png")[columns["final"]].value = 42
    book.save(tmp_path / "edited.xlsx")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        call_command(*command_of("import_corrections", folder), stdout=io.StringIO())
    assert ended.value.code == 0
    assert {each.written for each in Correction.objects.all()} == {"42"}


@pytest.mark.browser
class TestWithAServer:
    """Recipes that send requests."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_the_shell_loop_prints_a_number_for_each_picture(self, folder, server, alice_token):
        (loop,) = (block for block in blocks("sh") if block.startswith("for picture"))
        lines = run(["bash", "-c", loop.replace("FOLDER", str(folder))], server, alice_token).split("\n")
        predictions = Prediction.objects.order_by("given_at")
        assert lines[:2] == [f"{each.text} {each.decision}" for each in predictions]

    def test_a_link_gives_the_table_without_a_login(self, folder, server, alice, alice_token):
        call_command("import_uploads", str(folder), "--user", "alice", stdout=io.StringIO())
        run_waiting_jobs()
        _link, secret = create_link(Batch.objects.get())
        (shown,) = re.findall(r"DIGITS(/links/\S+)\"", RECIPES)
        assert shown.replace("…", "x") == reverse("export_link_csv", args=["dgl_x"])
        (fetch,) = (block for block in blocks("sh") if "$LINK" in block)
        link = f"{server.url}{reverse('export_link_csv', args=[secret])}"
        table = run(["bash", "-c", f"LINK={link}\n{fetch}"], server, alice_token)
        assert [row["file"] for row in csv.DictReader(io.StringIO(table))] == ["4.png", "7.png"]

    def test_the_python_program_prints_the_tables_of_all_batches(self, folder, server, alice, alice_token):
        call_command("import_uploads", str(folder), "--user", "alice", stdout=io.StringIO())
        run_waiting_jobs()
        (program,) = blocks("python")
        printed = run([sys.executable, "-c", program], server, alice_token)
        assert [line.split()[0] for line in printed.splitlines()] == ["4.png", "7.png"]

    def test_the_sensor_of_home_assistant_gets_a_value(self, folder, server, alice_token):
        (recipe,) = blocks("yaml")
        command = re.search(r"command: >-\n(.*?)value_template", recipe, flags=re.S)[1]
        secret = alice_token["Authorization"].removeprefix("Bearer ")
        command = command.replace("TOKEN", secret).replace("DIGITS", server.url)
        command = command.replace("/config/www/meter.jpg", str(folder / "7.png"))
        answer = json.loads(run(["bash", "-c", " ".join(command.split())], server, alice_token))
        assert (answer["value"], answer["preset"]) == (answer["text"], "Water meter")
        assert "value_json.value" in recipe and "value_json.decision" in recipe
