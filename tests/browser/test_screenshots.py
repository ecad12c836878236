"""Every page as a picture, on a desk and on a phone, in light and dark: written to be looked at."""

import os
import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page

from recognizer.handwriting import draw_png
from recognizer.services import corrections
from recognizer.services.predictions import create_prediction
from tests.browser.fixtures import log_in
from tests.browser.hand import draw, preview_says
from tests.pictures import digit_png
from tests.surroundings import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FOLDER = Path(os.environ.get("SCREENSHOTS") or ROOT / ".run" / "screenshots")
WIDTHS = {390: 844, 1280: 900}


@pytest.fixture
def pages(alice, model, worker) -> dict[str, str]:
    for seed in range(12):
        data = digit_png((7 * seed + 3) % 10, size=260, seed=seed)
        said = create_prediction(owner=alice, data=data, source="upload", name=f"{seed}.png")
        if seed % 3 == 0 and said.text:
            corrections.correct(prediction=said, by=alice, kind="confirm")
    unsure = create_prediction(owner=alice, data=draw_png("4"), source="drawing", name="four.png")
    type(unsure).objects.filter(pk=unsure.pk).update(decision="unsure", confidence=0.61)
    number = create_prediction(owner=alice, data=draw_png("1905"), source="drawing", mode="number", draw_maps=True)
    create_prediction(owner=alice, data=draw_png("7"), source="drawing", name="seven.png", draw_maps=True)
    names = ["history", "review", "account", "about"]
    return {"upload_detail": reverse("upload_detail", args=[number.upload_id])} | {n: reverse(n) for n in names}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_written_as_a_picture(browser: Browser, alice, server, pages, width, theme):
    FOLDER.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        base_url=server.url, viewport={"width": width, "height": WIDTHS[width]}, color_scheme=theme
    )
    page = context.new_page()
    page.goto("/login/")
    write(page, f"login-{width}-{theme}")
    log_in(context, alice, server)
    page.goto("/")
    draw(page, "7")
    preview_says(page, re.compile("^7, "))
    write(page, f"desk-{width}-{theme}")
    for name, path in pages.items():
        page.goto(path)
        if name == "upload_detail":
            page.locator(".map").first.wait_for(timeout=30_000)
            page.locator(".map").last.scroll_into_view_if_needed()  # or its pictures are not loaded at all
            page.evaluate("scrollTo(0, 0)")
        page.wait_for_load_state("networkidle")
        write(page, f"{name}-{width}-{theme}")
    context.close()


def write(page: Page, name: str) -> None:
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    assert path.stat().st_size > 5_000
