"""`manage.py explain`: a folder for each digit."""

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


def test_it_writes_all_there_is_to_see(seven, tmp_path):
    told = explain(seven, "--out", tmp_path / "out", "--mode", "digit")
    (folder,) = (tmp_path / "out").iterdir()
    about = json.loads((folder / "explanation.json").read_text())
    assert told == f"{folder}: {about['sentence']}\n"
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


def test_what_is_laid_over_the_picture_lies_where_the_ink_is(tmp_path):
    """The shown part of the picture is the 28×28 and two cells round it: there is the ink, cell by cell."""
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
def test_what_cannot_be_explained_is_said_and_nothing_is_written(tmp_path, content, words):
    path = tmp_path / "a.png"
    if content == "white":
        Image.new("L", (50, 50), 255).save(path)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=words):
        explain(path, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_said(seven, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(CommandError, match="cannot be written"):
        explain(seven, "--out", tmp_path / "out")
