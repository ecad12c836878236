"""The command `watch`: wrong usage, one process for each folder, and its end with --once."""

import fcntl
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from recognizer.models import Batch
from recognizer.services.reading.presets import create_preset

pytestmark = pytest.mark.django_db


def watch(*arguments: str) -> str:
    out = StringIO()
    call_command("watch", *arguments, "--once", "--settled", "0", stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "Name the folder"),
        (["/nowhere", "--user", "alice"], "is not a folder"),
        ([".", "--user", "nobody"], "There is no user nobody"),
        ([".", "--user", "alice", "--preset", "Gas"], "There is no preset Gas"),
    ],
)
def test_wrong_usage_is_named(alice, arguments, text):
    with pytest.raises(CommandError, match=text) as raised:
        watch(*arguments)
    assert raised.value.returncode == 2


def test_the_settings_name_the_folder_the_user_and_the_preset(alice, tmp_path, settings, media):
    create_preset(owner=alice, name="Water meter", mode="number", fields={"digits": "4"})
    settings.WATCH_FOLDER, settings.WATCH_USER, settings.WATCH_PRESET = str(tmp_path), "alice", "Water meter"
    assert watch() == f"Watching {tmp_path}\n"


def test_files_that_cannot_be_read_are_moved_without_a_worker(alice, tmp_path: Path, media):
    (tmp_path / "notes.txt").write_text("no picture")
    assert "1 files were moved." in watch(str(tmp_path), "--user", "alice")
    assert (tmp_path / "failed" / "notes.txt.txt").read_text().startswith("unsupported_format: ")
    assert Batch.objects.get().owner == alice


def test_one_process_watches_a_folder(alice, tmp_path: Path):
    with (tmp_path / ".watch.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(CommandError, match="Another process"):
            watch(str(tmp_path), "--user", "alice")
