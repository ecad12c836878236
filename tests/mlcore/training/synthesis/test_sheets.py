from dataclasses import fields, replace

import numpy as np
import pytest

from mlcore.training.synthesis.sheets import ANY_PAPER, PLAIN_PHOTO, SCREEN, SECURITY, SheetStyle, render_sheet

INK = np.zeros((40, 60), np.float32)
INK[5:35, 28:32] = 1
BARE = {f.name: 0.0 for f in fields(SheetStyle) if f.name.startswith("p_")}


@pytest.mark.parametrize("style", [ANY_PAPER, PLAIN_PHOTO, SCREEN, SECURITY])
def test_the_same_seed_gives_the_same_sheet(style):
    first, again = (render_sheet(INK, np.random.default_rng(5), style) for _ in range(2))
    assert first.dtype == np.uint8
    assert first.shape[2] == 3
    assert (first == again).all()


def test_given_margins_place_the_ink():
    style = SheetStyle(margins=(3, 5, 7, 9), noise=(0, 0), blur=(0, 0), **BARE)
    sheet = render_sheet(INK, np.random.default_rng(0), style)
    assert sheet.shape == (40 + 3 + 7, 60 + 5 + 9, 3)
    rows, columns = np.nonzero(sheet.min(axis=2) < sheet.max() * 0.7)
    assert (rows.min(), rows.max()) == (5 + 3, 34 + 3)
    assert (columns.min(), columns.max()) == (28 + 9, 31 + 9)


def test_a_screen_is_pure_white_and_black():
    sheet = render_sheet(INK, np.random.default_rng(0), replace(SCREEN, margins=(0, 0, 0, 0), p_jpeg=0))
    assert sheet[0, 0].tolist() == [255, 255, 255]
    assert sheet[20, 30].max() < 90  # the pen's pressure varies


@pytest.mark.parametrize("feature", [name for name in BARE if name not in ("p_grey", "p_border")])
def test_every_feature_leaves_a_mark(feature):
    bare = SheetStyle(margins=(20, 20, 20, 20), noise=(0, 0), blur=(0, 0), paper=(240, 240, 240), ink=(0, 0, 0), **BARE)
    plain = render_sheet(INK, np.random.default_rng(2), bare)
    marked = render_sheet(INK, np.random.default_rng(2), replace(bare, **{feature: 1.0}))
    assert plain[:10].std() == 0
    assert marked.std(axis=(0, 1)).tolist() != plain.std(axis=(0, 1)).tolist()
