"""The tour's pictures are there, and are what the tool writes with the shipped model."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from mlcore.artifact import SHIPPED, load_artifact

DOCS = Path(__file__).parent.parent / "docs"
TOUR = (DOCS / "how-it-sees.md").read_text()
NUMBERS = {8: "Eight", 9: "Nine", 10: "Ten"}


def test_every_picture_of_the_tour_is_there_and_none_is_left_over():
    named = set(re.findall(r'src="(how-it-sees/[^"]+)"', TOUR))
    there = {str(path.relative_to(DOCS)) for path in (DOCS / "how-it-sees").rglob("*") if path.is_file()}
    assert named == there


def test_every_picture_says_in_words_what_it_shows():
    for tag in re.findall(r"<img [^>]+>", TOUR):
        assert len(re.search(r'alt="([^"]*)"', tag)[1]) > 15


def test_the_maps_have_the_size_that_the_page_gives_them():
    """Mosaics are shown pixel for pixel: enlarged by a browser they would not be crisp."""
    for path, width in re.findall(r'src="how-it-sees/(1-\d/(?:conv|pool)\d\.png)"[^>]* width="(\d+)"', TOUR):
        assert Image.open(DOCS / "how-it-sees" / path).width == int(width)


def test_the_shipped_model_explains_the_seven_like_this(tmp_path):
    """Compare what the page shows. On failure, make its pictures anew with the command it names, and reread it."""
    seven = DOCS / "how-it-sees" / "seven.jpg"
    explain = [sys.executable, "manage.py", "explain", str(seven), "--out", str(tmp_path), "--mode", "digit"]
    explain += ["--model", str(SHIPPED)]
    said = subprocess.run(explain, capture_output=True, text=True, check=True, cwd=DOCS.parent)
    assert said.stdout.strip().partition(": ")[2] in TOUR
    for kept in (DOCS / "how-it-sees" / "1-7").iterdir():
        shown, made = (
            np.asarray(Image.open(f / kept.name).convert("L"), float) for f in (kept.parent, tmp_path / "1-7")
        )
        assert shown.shape == made.shape
        assert np.abs(shown - made).mean() < 2, kept.name
    count = len(load_artifact(SHIPPED).card.networks["digit"].layers)
    assert f"## {NUMBERS[count]} layers in a row" in TOUR
