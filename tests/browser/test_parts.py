"""Parts that htmx replaces: whole pages are not inserted, and the focus is kept."""

import re

import pytest
from playwright.sync_api import Page, expect

from recognizer.models import Correction
from recognizer.services.batches import intake
from recognizer.services.reading.predictions import create_prediction
from tests.browser.fixtures import log_in
from tests.browser.hand import draw, expect_preview, wait_for_preview
from tests.pictures import digit_png

pytestmark = pytest.mark.browser


@pytest.fixture
def waiting(alice, model):
    """Return a batch with one read picture and one that waits, because no worker runs."""
    seven = create_prediction(owner=alice, data=digit_png(7), source="upload", mode="digit")
    batch = intake.create_batch(owner=alice, name="holiday.zip")
    batch.items.create(position=0, name="seven.png", state="done", upload=seven.upload)
    batch.items.create(position=1, name="waiting.png", state="waiting")
    return batch


def wait_for_poll(page: Page, path: str) -> None:
    with page.expect_response(re.compile(path)) as answer:
        pass
    answer.value.finished()


def test_polling_a_batch_keeps_the_focus(alice_page: Page, waiting):
    alice_page.goto(f"/batches/{waiting.pk}/")
    for link in (alice_page.get_by_role("link", name="Export CSV"), alice_page.locator(".cell-name a").first):
        link.focus()
        for _ in range(2):
            wait_for_poll(alice_page, "/batches/")
        expect(link).to_be_focused()


def test_an_expired_session_leads_the_whole_page_to_the_login(alice_page: Page, alice, server, waiting):
    upload = waiting.items.get(position=0).upload_id
    alice_page.goto(f"/uploads/{upload}/")
    alice_page.context.clear_cookies(name="sessionid")
    alice_page.keyboard.type("1")
    alice_page.keyboard.press("Enter")
    expect(alice_page).to_have_url(f"{server.url}/login/?next=/uploads/{upload}/correct/&unsent")
    expect(alice_page.get_by_text("Log in and try it again.")).to_be_visible()
    log_in(alice_page.context, alice, server)
    alice_page.goto(f"/batches/{waiting.pk}/")
    alice_page.context.clear_cookies(name="sessionid")
    expect(alice_page).to_have_url(f"{server.url}/login/?next=/batches/{waiting.pk}/")
    assert not Correction.objects.exists()


def test_a_form_with_an_expired_token_reloads_the_page(alice_page: Page, waiting):
    upload = waiting.items.get(position=0).upload_id
    alice_page.goto(f"/uploads/{upload}/")
    alice_page.context.clear_cookies(name="csrftoken")
    with alice_page.expect_event("load"):
        alice_page.keyboard.type("1")
        alice_page.keyboard.press("Enter")
    expect(alice_page.get_by_role("banner")).to_have_count(1)
    alice_page.keyboard.type("1")
    alice_page.keyboard.press("Enter")
    expect(alice_page.locator(".current-correction")).to_contain_text("Corrected to 1")


def test_a_style_that_a_browser_extension_left_is_not_carried_into_the_next_part(alice_page: Page, waiting):
    upload = waiting.items.get(position=0).upload_id
    alice_page.goto(f"/uploads/{upload}/")
    # An extension's script may do this under any policy; htmx copying the attribute would violate the page's own.
    alice_page.get_by_label("Number", exact=True).evaluate("field => { field.style.caretColor = 'transparent'; }")
    alice_page.keyboard.type("1")
    alice_page.keyboard.press("Enter")
    expect(alice_page.locator(".current-correction")).to_contain_text("Corrected to 1")
    expect(alice_page.get_by_label("Number", exact=True)).not_to_have_attribute("style", re.compile(""))


def test_the_preview_never_shows_a_whole_page(alice_page: Page, alice, server):
    alice_page.goto("/")
    cookies = alice_page.context.cookies()
    alice_page.context.clear_cookies(name="csrftoken")
    draw(alice_page, "7")
    expect(alice_page.locator("main").get_by_text("Your drawing is saved in this browser")).to_be_visible()
    expect(alice_page.get_by_role("banner")).to_have_count(1)
    wait_for_preview(alice_page)  # a running request would lead to the login before Undo is pressed
    alice_page.context.add_cookies(cookies)
    alice_page.context.clear_cookies(name="sessionid")
    alice_page.get_by_role("button", name="Undo").click()
    expect(alice_page).to_have_url(f"{server.url}/welcome/?next=/")
    log_in(alice_page.context, alice, server)
    alice_page.goto("/")
    alice_page.get_by_role("button", name="Redo").click()  # the drawing is still stored
    expect_preview(alice_page, re.compile("^7, "))
