from pathlib import Path

import numpy as np
from PIL import Image

from mlcore.reading.reader import Reader
from mlcore.reading.trace import FolderTrace
from tests.pictures import digit_png


def test_every_stage_is_saved_in_order(tmp_path: Path, reader: Reader) -> None:
    reader.read(digit_png(7), "digit", FolderTrace(tmp_path / "seven"))
    assert [path.name for path in sorted((tmp_path / "seven").iterdir())] == [
        "01-picture.png",
        "02-flattened.png",
        "03-levelled.png",
        "04-lines-erased.png",
        "05-ink.png",
        "06-input.png",
    ]


def test_a_stage_of_floats_is_saved_in_greys(tmp_path: Path) -> None:
    FolderTrace(tmp_path)("half", np.full((300, 300), 0.5, np.float32))
    assert Image.open(tmp_path / "01-half.png").getpixel((7, 7)) == 128


def test_a_small_stage_is_enlarged_without_smoothing(tmp_path: Path) -> None:
    FolderTrace(tmp_path)("input", np.arange(28 * 28, dtype=np.uint8).reshape(28, 28))
    image = Image.open(tmp_path / "01-input.png")
    assert image.size == (280, 280)
    assert image.getpixel((0, 0)) == image.getpixel((9, 9)) == 0
