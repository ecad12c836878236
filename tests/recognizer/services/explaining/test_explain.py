"""The command `manage.py explain`, which writes a folder for each digit."""

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from mlcore.artifact import SHIPPED
from tests.pictures import digit_png, draw_digit


def explain(*arguments):
    out = StringIO()
    call_command("explain", *map(str, arguments), "--model", str(SHIPPED), stdout=out)
    return out.getvalue()


@pytest.fixture
def seven(tmp_path):
    path = tmp_path / "seven.png"
    path.write_bytes(digit_png(7, seed=3))
    return path


def test_all_files_of_an_explanation_are_written(seven, tmp_path):
    printed = explain(seven, "--out", tmp_path / "out", "--mode", "digit")
    (folder,) = (tmp_path / "out").iterdir()
    about = json.loads((folder / "explanation.json").read_text())
    assert printed == f"{folder}: {about['sentence']}\n"
    assert folder.name == f"1-{about['digit']}"
    names = [layer["name"] for layer in about["layers"]]
    maps = [f"{name}.png" for name in names] + [f"{name}-sees.jpg" for name in names]
    overlays = [path.name for path in folder.glob("occlusion-*.jpg")] + [path.name for path in folder.glob("cam-*.jpg")]
    assert len(overlays) == 4
    found = {path.name for path in folder.iterdir()}
    assert found == {*maps, *overlays, "input.png", "row.png", "explanation.json"}
    for layer in about["layers"]:
        responses = [channel["response"] for channel in layer["strongest_first"]]
        assert responses == sorted(responses, reverse=True)
        assert len(responses) == layer["shape"][2]


def test_overlays_are_aligned_with_the_ink(tmp_path):
    """The picture shows the 28×28 cells and two cells around them; the ink must match cell by cell."""
    sheet = Image.new("RGB", (800, 700), "white")
    sheet.paste(draw_digit(7, seed=3).crop((80, 40, 360, 380)), (330, 150))
    sheet.save(tmp_path / "sheet.png")
    explain(tmp_path / "sheet.png", "--out", tmp_path / "out", "--mode", "digit")
    (folder,) = (tmp_path / "out").iterdir()
    picture = Image.open(folder / "conv1-sees.jpg").convert("L").resize((32, 32), Image.Resampling.BOX)
    shown = 255 - np.asarray(picture)[2:30, 2:30].astype(float)
    cells = np.asarray(Image.open(folder / "input.png").resize((28, 28), Image.Resampling.BOX))
    assert np.corrcoef(shown.ravel(), cells.ravel())[0, 1] > 0.85


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"", "empty"), (b"no picture", "Use PNG"), ("white", "No digit was found")],
)
def test_a_picture_without_a_digit_is_an_error_and_writes_nothing(tmp_path, content, words):
    path = tmp_path / "a.png"
    if content == "white":
        Image.new("L", (50, 50), 255).save(path)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=words):
        explain(path, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_an_error(seven, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(CommandError, match="cannot be written"):
        explain(seven, "--out", tmp_path / "out")
