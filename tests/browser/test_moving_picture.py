"""The animation of the README: a digit is drawn and read, and the network's layers are opened one by one."""

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.fixtures import log_in
from tests.browser.hand import expect_preview, pad_of, place_on, strokes_in_box
from tests.surroundings import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FILE = Path(os.environ.get("SCREENSHOTS") or ROOT / ".run" / "screenshots") / "moving.webp"
MAX_BYTES = 2_000_000
SIZE = {"width": 1000, "height": 780}
LAYERS = ("conv1", "pool1", "conv4", "conv7")


@dataclass
class Film:
    page: Page
    frames: list[Image.Image] = field(default_factory=list)
    milliseconds: list[int] = field(default_factory=list)

    def take(self, milliseconds: int) -> None:
        self.frames.append(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))
        self.milliseconds.append(milliseconds)

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        first, *others = self.frames
        first.save(file, save_all=True, append_images=others, duration=self.milliseconds, loop=0, quality=70, method=4)


@pytest.fixture
def film(browser: Browser, alice, server) -> Iterator[Film]:
    context = browser.new_context(base_url=server.url, viewport=SIZE, color_scheme="light")
    log_in(context, alice, server)
    yield Film(context.new_page())
    context.close()


def test_a_digit_is_drawn_and_the_network_is_opened(film: Film):
    draw_slowly(film, "7")
    expect_preview(film.page, re.compile("^7, "))
    film.take(1200)
    film.page.locator("[data-action=save]").click()
    film.page.wait_for_url(re.compile(r"/uploads/"))
    film.take(1500)
    film.page.get_by_text("More about digit 1").first.click()
    film.page.locator("a[href$='/network/']").first.click()
    film.page.wait_for_load_state("networkidle")
    film.take(1000)
    for layer in LAYERS:
        film.page.locator(f"#layer-tile-{layer}").click()
        expect(film.page.locator("#layer-title")).to_have_text(layer)
        film.page.wait_for_load_state("networkidle")
        scroll_to(film.page, "layer-title")
        film.take(1300)
    film.page.locator(".tiles .tile").first.click()
    expect(film.page.locator("#channel-title")).to_contain_text(f"{LAYERS[-1]}, channel")
    film.page.wait_for_load_state("networkidle")
    scroll_to(film.page, "channel-title")
    film.take(2500)
    film.write(FILE)
    assert len(film.frames) > 15
    assert FILE.stat().st_size < MAX_BYTES


def scroll_to(page: Page, element: str) -> None:
    """Scroll at once: Playwright's own way waits until the element rests, and the page may replace it meanwhile."""
    page.evaluate("id => document.getElementById(id).scrollIntoView({ block: 'nearest' })", element)


def draw_slowly(film: Film, text: str) -> None:
    film.page.goto("/")
    for stroke in strokes_in_box(text, place_on(pad_of(film.page), (0.5, 0.5), 0.8), steps=8):
        film.page.mouse.move(*stroke[0])
        film.page.mouse.down()
        for number, point in enumerate(stroke[1:]):
            film.page.mouse.move(*point)
            if number % 2:
                film.take(110)
        film.page.mouse.up()
