import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mlcore.artifact import SHIPPED
from mlcore.reading.result import DECISIONS, Box, Reading, UnreadInk
from recognizer.management.commands.read import as_text
from tests.pictures import digit_png
from tests.readings import make_reading
from tests.surroundings import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for digit in (3, 7):
        (tmp_path / f"{digit}.png").write_bytes(digit_png(digit))
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def run(*arguments: str) -> list[str]:
    out = io.StringIO()
    call_command("read", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_a_picture_is_one_line_of_json(folder: Path) -> None:
    path = str(folder / "7.png")
    (line,) = run("--json", path)
    answer = json.loads(line)
    assert list(answer)[:7] == ["file", "text", "decision", "reason", "confidence", "model", "glyphs"]
    assert list(answer)[7:] == ["written", "value", "signs", "unread", "lines"]
    assert (answer["file"], answer["text"], answer["reason"]) == (path, "7", None)
    assert answer["decision"] in DECISIONS
    (glyph,) = answer["glyphs"]
    assert list(glyph) == ["box", "digit", "confidence", "probabilities"]
    assert len(glyph["box"]) == 4
    assert len(glyph["probabilities"]) == 10


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        (make_reading("-12,50"), "a.png: -12,50 (98.0%)"),
        (
            make_reading("12", decision="unsure", reason="unread_ink", unread=[UnreadInk(Box(0, 0, 5, 5), "letters")]),
            "a.png: 12 (98.0%, unsure: unread_ink); not read: letters",
        ),
        (make_reading("12\n-3.5"), "a.png: 2 lines\n  12 (98.0%)\n  -3.5 (98.0%)"),
    ],
)
def test_the_table_shows_signs_lines_and_unread_ink(reading: Reading, text: str) -> None:
    assert as_text("a.png", reading) == text


def test_answers_come_in_the_order_given(folder: Path) -> None:
    paths = [str(folder / name) for name in ("7.png", "3.png", "7.png")]
    answers = [json.loads(line) for line in run("--json", "--mode", "digit", *paths)]
    assert [answer["file"] for answer in answers] == paths
    assert [answer["text"] for answer in answers] == ["7", "3", "7"]


def test_a_folder_is_replaced_by_its_pictures(folder: Path) -> None:
    assert [json.loads(line)["text"] for line in run("--json", str(folder))] == ["3", "7"]


def test_a_list_has_one_path_per_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = folder / "list"
    listing.write_text(f"{folder}/7.png\n\n{folder}/3.png\n")
    from_file = run("--json", "--list", str(listing))
    monkeypatch.setattr("sys.stdin", io.StringIO(listing.read_text()))
    assert from_file == run("--json", "--list", "-")
    assert [json.loads(line)["text"] for line in from_file] == ["7", "3"]


def test_an_invalid_picture_is_an_error_line_and_exit_code_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(folder / name) for name in ("notes.txt", "7.png", "missing.png")]
    with pytest.raises(SystemExit) as stop:
        call_command("read", "--json", "--mode", "digit", *paths)
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert stop.value.code == 1
    assert answers[0]["error"] == {
        "code": "unsupported_format",
        "detail": "This file format is not supported. Use PNG, JPEG, WebP, GIF or BMP.",
    }
    assert answers[1]["text"] == "7"
    assert answers[2]["error"]["code"] == "unreadable_file"


def test_a_rejected_picture_is_an_answer(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "white.png"
    Image.new("RGB", (50, 50), "white").save(path)
    answer = json.loads(run("--json", str(path))[0])
    assert (answer["text"], answer["decision"], answer["reason"]) == ("", "rejected", "no_ink")


@pytest.mark.parametrize(
    "arguments", [[], ["--list", "/no/such/list"], ["--model", "no-such-version", "x.png"], ["--mode", "word", "x.png"]]
)
def test_wrong_usage_is_refused(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)


def test_a_model_can_be_given_by_its_folder(folder: Path) -> None:
    answer = json.loads(run("--json", "--model", str(SHIPPED), str(folder / "7.png"))[0])
    assert answer["model"] == SHIPPED.name


def test_without_json_the_output_is_a_sentence(folder: Path) -> None:
    (line,) = run("--mode", "digit", str(folder / "7.png"))
    assert line.startswith(f"{folder}/7.png: 7 (")


def test_the_trace_shows_every_stage(folder: Path, tmp_path: Path) -> None:
    run("--mode", "digit", "--trace", str(tmp_path / "trace"), str(folder / "7.png"))
    stages = sorted(path.name for path in (tmp_path / "trace" / "0001-7").iterdir())
    assert stages[0] == "01-picture.png"
    assert stages[-1].endswith("input.png")


def read_in_a_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "read", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)


@pytest.mark.parametrize("model", [[], ["--model", SHIPPED.name]])
def test_shipped_models_need_no_database(folder: Path, model: list[str]) -> None:
    nowhere = f"sqlite:///{folder}/none/such.sqlite3"
    done = read_in_a_process("--json", *model, str(folder / "7.png"), DATABASE_URL=nowhere)
    assert (done.returncode, json.loads(done.stdout)["text"]) == (0, "7"), done.stderr


def test_other_versions_need_a_database(folder: Path) -> None:
    nowhere = f"sqlite:///{folder}/none/such.sqlite3"
    done = read_in_a_process("--model", "digits-99", str(folder / "7.png"), DATABASE_URL=nowhere)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "database" in line


def test_the_exit_code_of_wrong_usage_is_2() -> None:
    done = read_in_a_process("--mode", "word", "x.png")
    assert (done.returncode, done.stdout) == (2, "")


def test_an_expectation_is_told_and_decides(folder: Path) -> None:
    path = str(folder / "7.png")
    (fits,) = run("--json", "--expect", "values=7|8", path)
    (misfits,) = run("--json", "--expect", "values=1|2", path)
    assert (json.loads(fits)["decision"], json.loads(fits)["text"]) == ("read", "7")
    answer = json.loads(misfits)
    assert (answer["decision"], answer["reason"], answer["text"]) == ("unsure", "unexpected", "7")


@pytest.mark.parametrize("field", ["digits=x", "colour=red", "step=5", "digits", "check=md5"])
def test_a_wrong_expectation_is_told_with_its_field(folder: Path, field: str) -> None:
    with pytest.raises(CommandError, match=f"--expect {field.partition('=')[0]}: "):
        run("--expect", field, str(folder / "7.png"))


def test_several_processes_give_the_same_answers_in_the_same_order(folder: Path) -> None:
    paths = [str(folder / name) for name in ("7.png", "missing.png", "3.png", "notes.txt")] * 40
    with pytest.raises(SystemExit):  # some cannot be read
        run("--json", "--output", str(folder / "one"), *paths)
    with pytest.raises(SystemExit):
        run("--json", "--output", str(folder / "two"), "--jobs", "2", *paths)
    assert (folder / "one").read_text() == (folder / "two").read_text()
    assert [json.loads(line)["file"] for line in (folder / "two").read_text().splitlines()] == paths


def test_a_run_that_was_stopped_goes_on_where_it_was(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = folder / "answers.jsonl"
    run("--output", str(output), str(folder))
    whole = output.read_text()
    output.write_text(whole[: len(whole) // 2 + 20])  # in the middle of the second line
    run("--output", str(output), str(folder))
    assert output.read_text() == whole
    assert "1 of 2 are in" in capsys.readouterr().err
    run("--output", str(output), str(folder))
    assert output.read_text() == whole


@pytest.mark.parametrize("content", ["a diary\n", '{"a": 1, "important": "data"}'], ids=["lines", "no whole line"])
def test_another_file_is_not_appended_to(folder: Path, content: str) -> None:
    other = folder / "notes.txt"
    other.write_text(content)
    with pytest.raises(CommandError, match="did not write"):
        run("--output", str(other), str(folder))
    assert other.read_text() == content


@pytest.mark.parametrize("jobs", ["0", "-1", "many"])
def test_jobs_are_a_number_from_one_up(jobs: str, folder: Path) -> None:
    with pytest.raises(CommandError, match="from 1 up"):
        run("--jobs", jobs, str(folder))
