"""Screenshots of every page, for a large screen and a phone, in both themes. People look at them."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from recognizer.models import Prediction
from recognizer.services.learning.consent import choose_looks_of_trainers, choose_training_consent
from tests.browser.fixtures import log_in
from tests.browser.hand import draw, expect_preview
from tests.servers.web import WebServer
from tests.surroundings import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FOLDER = Path(os.environ.get("SCREENSHOTS") or ROOT / ".run" / "screenshots")
HEIGHTS = {390: 844, 1280: 900}
# People who want to look at them (SCREENSHOTS) get all four looks. Else each test takes one: a page that cannot be
# drawn fails in any of them, and test_every_page.py checks both themes and four widths.
ALL_LOOKS = [(390, "dark"), (1280, "light"), (390, "light"), (1280, "dark")]
IS_FOR_PEOPLE = "SCREENSHOTS" in os.environ
PHONE, DESK = (ALL_LOOKS, ALL_LOOKS) if IS_FOR_PEOPLE else (ALL_LOOKS[:1], ALL_LOOKS[1:2])
NEW_ACCOUNT = (
    "desk",
    "history",
    "history_deleted",
    "history_statistics",
    "review",
    "batches",
    "quality",
    "notices",
    "presets",
)
# Pictures below the window are loaded when one scrolls there, which a screenshot does not.
LOAD_PICTURES = """Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.complete || new Promise((done) => { image.onload = image.onerror = done; });
}))"""
ADMIN_LISTS = ("upload", "prediction", "glyph", "correction", "modelversion", "job", "batch", "stream")


def open_context(browser: Browser, server: WebServer, width: int, theme: Any) -> BrowserContext:
    """Return a context of a phone with a touch screen, or of a large screen with a mouse."""
    return browser.new_context(
        base_url=server.url,
        viewport={"width": width, "height": HEIGHTS[width]},
        color_scheme=theme,
        has_touch=width == 390,
        is_mobile=width == 390,
    )


@pytest.mark.parametrize(("width", "theme"), PHONE)
def test_every_page_and_the_admin_are_saved_as_screenshots(
    browser: Browser, admin, alice, server, filled_pages, width, theme
):
    FOLDER.mkdir(parents=True, exist_ok=True)
    context = open_context(browser, server, width, theme)
    page = context.new_page()
    for name in ("front_door", "login", "signup", "password_reset"):
        page.goto(reverse(name))
        page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
        write(page, f"{name}-{width}-{theme}")
    log_in(context, alice, server)
    page.goto("/")
    draw(page, "7")
    expect_preview(page, re.compile("^7, "))
    write(page, f"desk-{width}-{theme}")
    for name, path in filled_pages.items():
        page.goto(path)
        if name == "upload_detail-open":
            page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
            page.locator(".map").first.wait_for()
            page.locator(".map").last.scroll_into_view_if_needed()  # the maps are loaded lazily
            page.evaluate("scrollTo(0, 0)")
        page.wait_for_load_state("load" if name == "batch_detail" else "networkidle")  # the page polls
        write(page, f"{name}-{width}-{theme}")
    context.close()
    if width == 1280 or not IS_FOR_PEOPLE:  # the content of the pages takes longer than they do
        save_admin_pages(browser, admin, alice, server, theme)


@pytest.mark.parametrize(("width", "theme"), DESK)
def test_the_pages_of_work_are_saved_as_screenshots(
    browser: Browser, alice, admin, server, pages_of_work, width, theme
):
    FOLDER.mkdir(parents=True, exist_ok=True)
    context = open_context(browser, server, width, theme)
    log_in(context, alice, server)
    page = context.new_page()
    for name, path in pages_of_work.items():
        answer = page.goto(path)
        assert answer and answer.status == 200, name
        page.wait_for_load_state("networkidle")
        write(page, f"{name}-{width}-{theme}")
    page.goto(reverse("account"))
    page.get_by_text("New token").click()
    page.get_by_label("Name", exact=True).fill("Scanner")
    page.get_by_role("button", name="Create token").click()
    page.get_by_role("button", name="Copy").first.wait_for()
    write(page, f"account-token-{width}-{theme}")
    page.goto(reverse("password_reset"))
    page.get_by_label("Email address").fill("alice@example.org")
    page.get_by_role("button", name="Send email").click()
    page.get_by_role("heading", name="Check your email").wait_for()
    write(page, f"password_reset_done-{width}-{theme}")
    choose_training_consent(alice, is_given=True)
    choose_looks_of_trainers(alice, is_given=True)
    log_in(context, admin, server)
    answer = page.goto(reverse("shown_pictures"))
    assert answer and answer.status == 200
    write(page, f"shown_pictures-{width}-{theme}")
    context.close()


@pytest.mark.parametrize(("width", "theme"), PHONE)
def test_the_pages_of_a_new_account_and_refused_forms_are_saved_as_screenshots(
    browser: Browser, bob, server, model, width, theme
):
    FOLDER.mkdir(parents=True, exist_ok=True)
    context = open_context(browser, server, width, theme)
    page = context.new_page()
    page.goto(reverse("login"))
    page.get_by_label("Username").fill("nobody")
    page.locator("[type=password]").fill("wrong")
    page.locator("main [type=submit]").click()
    page.locator(".errorlist").first.wait_for()
    write(page, f"login-refused-{width}-{theme}")
    log_in(context, bob, server)
    for name in NEW_ACCOUNT:
        answer = page.goto(reverse(name))
        assert answer and answer.status == 200, name
        page.wait_for_load_state("networkidle")
        write(page, f"{name}-new-{width}-{theme}")
    context.close()


def save_admin_pages(browser: Browser, admin: User, alice: User, server: WebServer, theme: Any) -> None:
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900}, color_scheme=theme)
    log_in(context, admin, server)
    page = context.new_page()
    prediction = Prediction.objects.get(upload__name="lines.png")
    paths = {f"list-{name}": reverse(f"admin:recognizer_{name}_changelist") for name in ADMIN_LISTS} | {
        "index": reverse("admin:index"),
        "prediction": reverse("admin:recognizer_prediction_change", args=[prediction.pk]),
        "upload": reverse("admin:recognizer_upload_change", args=[prediction.upload_id]),
        "model": reverse("admin:recognizer_modelversion_change", args=[prediction.model_id]),
        "user": reverse("admin:auth_user_change", args=[alice.pk]),
    }
    for name, path in paths.items():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        write(page, f"admin-{name}-1280-{theme}")
        too_wide = page.evaluate("document.querySelector('#main, #container').scrollWidth - innerWidth")
        assert too_wide <= 0, f"{name} is {too_wide} px wider than the window"
    context.close()


def write(page: Page, name: str) -> None:
    """Save the whole page. It is shown at its full height: a screenshot of a longer page forgets the touch screen."""
    path = FOLDER / f"{name}.png"
    page.evaluate(LOAD_PICTURES)
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({**size, "height": max(size["height"], page.evaluate("document.body.scrollHeight"))})
    page.screenshot(path=path)
    page.set_viewport_size(size)
    with Image.open(path) as picture:
        assert picture.width == size["width"] * page.evaluate("devicePixelRatio")
        darkest, brightest = picture.convert("L").getextrema()
        assert brightest - darkest > 100, f"{name} shows nothing"
