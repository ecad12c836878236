from pathlib import Path

from PIL import Image

from mlcore.reading.engine import Engine
from mlcore.training.datasets.mnist import Digits
from tests.training import Trained


def test_four_pictures_are_drawn(trained: Trained, digits: Digits, tmp_path: Path) -> None:
    from mlcore.training.evaluation.report import draw_report  # it loads matplotlib, as each process would to collect

    card = trained.artifact.card
    paths = draw_report(Engine(trained.artifact), card.temperature, card.training, digits[:100], tmp_path)
    assert [path.stem for path in paths] == ["learning-curves", "confusion", "reliability", "worst-mistakes"]
    for path in paths:
        with Image.open(path) as picture:
            picture.load()
            assert picture.width > 300
            assert len(picture.convert("L").getcolors(256) or []) > 10  # not a blank sheet
