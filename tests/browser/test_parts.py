"""Parts that htmx replaces: whole pages are not inserted, and the focus is kept."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from recognizer.models import AccountDeletion, Correction
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


def correct_digit(page: Page) -> None:
    """Type a digit and save it."""
    page.keyboard.type("1")
    page.keyboard.press("Enter")


def test_an_ended_session_keeps_what_was_typed(alice_page: Page, alice, server, waiting):
    path = f"/uploads/{waiting.items.get(position=0).upload_id}/"
    alice_page.goto(path)
    alice_page.context.clear_cookies(name="sessionid")
    correct_digit(alice_page)
    expect(alice_page.get_by_role("alert")).to_contain_text("You are logged out.")
    expect(alice_page.get_by_role("link", name="log in (in a new tab)")).to_have_attribute("href", "/login/")
    expect(alice_page).to_have_url(server.url + path)
    expect(alice_page.get_by_label("Number", exact=True)).to_have_value("1")
    assert not Correction.objects.exists()
    log_in(alice_page.context, alice, server)
    alice_page.keyboard.press("Enter")
    expect(alice_page.locator(".current-correction")).to_contain_text("Corrected to 1")
    expect(alice_page.get_by_role("alert")).to_be_hidden()


def test_a_polling_page_goes_on_after_the_login(alice_page: Page, alice, server, waiting):
    alice_page.goto(f"/batches/{waiting.pk}/")
    alice_page.context.clear_cookies(name="sessionid")
    expect(alice_page.get_by_role("alert")).to_contain_text("You are logged out.")
    log_in(alice_page.context, alice, server)
    expect(alice_page.get_by_role("alert")).to_be_hidden()


def test_an_expired_form_is_sent_again_with_a_new_token(alice_page: Page, waiting):
    alice_page.goto(f"/uploads/{waiting.items.get(position=0).upload_id}/")
    alice_page.context.clear_cookies(name="csrftoken")
    correct_digit(alice_page)
    expect(alice_page.locator(".current-correction")).to_contain_text("Corrected to 1")
    assert Correction.objects.count() == 1


def test_nothing_is_sent_for_another_account(alice_page: Page, bob, server, waiting):
    alice_page.goto(f"/uploads/{waiting.items.get(position=0).upload_id}/")
    alice_page.context.clear_cookies()
    log_in(alice_page.context, bob, server)
    correct_digit(alice_page)
    expect(alice_page.get_by_role("alert")).to_contain_text("another account")
    expect(alice_page.get_by_label("Number", exact=True)).to_have_value("1")
    assert not Correction.objects.exists()


def test_a_lost_connection_keeps_what_was_typed(alice_page: Page, waiting):
    alice_page.goto(f"/uploads/{waiting.items.get(position=0).upload_id}/")
    alice_page.context.set_offline(True)
    correct_digit(alice_page)
    expect(alice_page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    alice_page.context.set_offline(False)
    alice_page.keyboard.press("Enter")
    expect(alice_page.locator(".current-correction")).to_contain_text("Corrected to 1")
    expect(alice_page.get_by_role("alert")).to_be_hidden()


def test_a_permission_that_was_lost_is_told(alice_page: Page, alice, waiting):
    alice_page.goto(f"/uploads/{waiting.items.get(position=0).upload_id}/")
    AccountDeletion.objects.create(owner_id=alice.pk)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    correct_digit(alice_page)
    expect(alice_page.get_by_role("alert")).to_contain_text("Your account is not allowed to do this")
    expect(alice_page.get_by_label("Number", exact=True)).to_have_value("1")
    assert not Correction.objects.exists()


def test_numbers_of_a_batch_keep_what_was_typed(alice_page: Page, alice, server, waiting):
    waiting.items.filter(state="waiting").delete()
    alice_page.goto(f"/batches/{waiting.pk}/")
    field = alice_page.locator('[name^="number-"]').first
    field.fill("3")
    alice_page.context.clear_cookies(name="sessionid")
    field.press("Enter")
    expect(alice_page.get_by_text("You are logged out.")).to_be_visible()
    expect(field).to_have_value("3")
    expect(alice_page.get_by_text("Not saved. Try again.")).to_be_visible()
    alice_page.context.clear_cookies()  # the token is new as well
    log_in(alice_page.context, alice, server)
    field.press("Enter")
    expect(alice_page.get_by_text("Not saved. Try again.")).to_have_count(0)
    expect(alice_page.get_by_text("You are logged out.")).to_be_hidden()
    assert Correction.objects.get().text == "3"


def show(page: Page, *, is_hidden: bool) -> None:
    """Tell the page that its tab is hidden or shown. A headless browser shows all tabs."""
    page.evaluate(
        "hidden => Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })", is_hidden
    )
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_hidden_page_polls_only_when_it_is_shown_again(alice_page: Page, waiting):
    alice_page.clock.install(time=0)
    alice_page.goto(f"/batches/{waiting.pk}/")
    expect(alice_page.get_by_text("1 of 2 read")).to_be_visible()
    show(alice_page, is_hidden=True)
    asked: list[str] = []
    alice_page.on("request", lambda request: asked.append(request.url))
    waiting.items.filter(state="waiting").update(state="cancelled")
    alice_page.clock.pause_at(1000)  # the time passes, and then no timer ends any more
    assert asked == []
    show(alice_page, is_hidden=False)
    expect(alice_page.get_by_text("1 of 2 read, 1 cancelled")).to_be_visible()


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
    alice_page.context.clear_cookies(name="csrftoken")
    draw(alice_page, "7")
    expect_preview(alice_page, re.compile("^7, "))  # with a new token
    wait_for_preview(alice_page)
    alice_page.context.clear_cookies(name="sessionid")
    alice_page.get_by_role("button", name="Undo").click()
    alice_page.get_by_role("button", name="Redo").click()
    expect(alice_page.get_by_role("alert")).to_contain_text("You are logged out.")
    expect(alice_page.get_by_role("banner")).to_have_count(1)
    log_in(alice_page.context, alice, server)
    alice_page.get_by_role("button", name="Undo").click()
    alice_page.get_by_role("button", name="Redo").click()
    expect_preview(alice_page, re.compile("^7, "))
    expect(alice_page.get_by_role("alert")).to_be_hidden()
