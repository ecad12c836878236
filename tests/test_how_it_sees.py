"""The tour's pictures are there, and are what the tool writes."""

import re
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parent.parent / "docs"
TOUR = (DOCS / "how-it-sees.md").read_text()


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
