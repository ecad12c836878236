"""The page of visitors without an account: its pad, its examples, and the way in."""

import re

import pytest
from playwright.sync_api import Page, expect

from recognizer.models import Upload
from tests.browser.hand import draw, expect_preview

pytestmark = pytest.mark.browser


def test_a_visitor_draws_and_reads_without_an_account(page: Page, model):
    page.goto("/")
    expect(page).to_have_url(re.compile("/welcome/"))
    draw(page, "7")
    expect_preview(page, re.compile("^7, "))
    assert not Upload.objects.exists()
    page.locator("main").get_by_role("link", name="Log in").click()
    expect(page.get_by_label("Username")).to_be_visible()


def test_the_examples_are_written_and_then_answered(page: Page, model):
    page.emulate_media(reduced_motion="no-preference")
    page.goto("/welcome/")
    answers = page.locator(".play-answer")
    for text in ("7", "1905", "3.75"):
        expect(answers.filter(has_text=text).first).to_have_css("opacity", "1")


def test_without_motion_the_examples_are_there_at_once(page: Page, model):
    page.emulate_media(reduced_motion="reduce")
    page.goto("/welcome/")
    assert page.evaluate("document.getAnimations().length") == 0
    expect(page.locator(".play-answer").last).to_have_css("opacity", "1")


def test_without_javascript_the_front_door_has_examples_and_no_pad(browser, model, server):
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    expect(page.locator(".play-answer").first).to_be_visible()
    expect(page.locator("[data-pad]")).to_be_hidden()
    expect(page.get_by_text("It is read while you draw")).to_be_hidden()
    context.close()
