"""Alike digits in a browser: answered with the keyboard alone, on a small window and without a script."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from recognizer.models import Correction, Prediction
from recognizer.services.reading.predictions import create_prediction
from tests.browser.fixtures import log_in
from tests.pictures import digit_png
from tests.servers.web import WebServer

pytestmark = pytest.mark.browser


@pytest.fixture
def sevens(alice: User, model, media) -> None:
    for seed in range(4):
        create_prediction(owner=alice, data=digit_png(7, seed=seed), source="upload", mode="digit")
    Prediction.objects.update(decision="unsure", confidence=0.6)


def test_one_key_and_enter_answer_a_group(alice_page: Page, sevens):
    alice_page.set_viewport_size({"width": 640, "height": 400})  # a window of 1,280 px at 200 %
    alice_page.goto(reverse("review_alike"))
    assert alice_page.evaluate("document.documentElement.scrollWidth") == 640
    alice_page.keyboard.type("7")  # the field has the focus
    alice_page.keyboard.press("Enter")
    expect(alice_page.get_by_text("4 pictures are a 7.")).to_be_visible()
    assert Correction.objects.filter(kind="confirm").count() == 4


def test_the_review_leads_to_digits_that_look_alike(alice_page: Page, sevens):
    alice_page.goto(reverse("review"))
    alice_page.get_by_role("link", name="Review digits that look alike together").click()
    expect(alice_page.get_by_role("heading", name="Digits that look alike")).to_be_visible()


def test_a_digit_can_be_left_out_without_a_script(browser: Browser, alice: User, server: WebServer, sevens):
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    log_in(context, alice, server)
    page = context.new_page()
    page.goto(reverse("review_alike"))
    page.get_by_role("checkbox").first.uncheck()
    page.get_by_label("Which digit is this?").fill("7")
    page.get_by_role("button", name="Save for all ticked").click()
    expect(page.get_by_text("3 pictures are a 7.")).to_be_visible()
    context.close()
    assert Correction.objects.count() == 3
