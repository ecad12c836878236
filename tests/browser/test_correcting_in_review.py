"""Corrections with the keyboard in the review queue."""

import pytest
from playwright.sync_api import Page, expect

from recognizer.models import Correction, Prediction
from recognizer.services.reading.predictions import create_prediction
from tests.browser.corrections import expect_correction, hold_requests, next_request, number, saved_corrections
from tests.pictures import varied_pngs

pytestmark = pytest.mark.browser


RECORD_ANNOUNCEMENTS = """() => {
  window.announced = [];
  const announcer = document.querySelector("[data-announcer]");
  const record = () => announcer.textContent && window.announced.push(announcer.textContent);
  new MutationObserver(record).observe(announcer, { childList: true });
}"""


def test_a_phone_shows_no_keyboard_shortcuts(alice_page: Page, phone: Page, seven):
    for page, has_keys in ((alice_page, True), (phone, False)):
        page.goto("/review/?all")
        expect(page.get_by_role("button", name="Confirm")).to_be_visible()
        shown = page.locator("kbd:visible")
        expect(shown.first).to_be_visible() if has_keys else expect(shown).to_have_count(0)


def test_the_review_queue_works_with_the_keyboard(alice_page: Page, alice, model):
    for confidence, data in zip((0.3, 0.2, 0.4), varied_pngs(3), strict=True):
        prediction = create_prediction(owner=alice, data=data, source="upload", mode="digit")
        Prediction.objects.filter(pk=prediction.pk).update(
            decision="unsure", confidence=confidence, text=str(round(10 * confidence))
        )
    alice_page.goto("/review/")
    shown = alice_page.locator(".review-number .visually-hidden")
    expect(alice_page.locator(".review").get_by_text("3 pictures left.")).to_be_visible()
    expect(shown).to_have_text("2")
    alice_page.keyboard.press("3")
    alice_page.keyboard.press("Enter")
    expect(shown).to_have_text("3")
    expect(alice_page.locator(".review").get_by_text("Saved 3")).to_be_visible()
    alice_page.keyboard.press("Enter")
    expect(shown).to_have_text("4")
    alice_page.keyboard.press("u")  # undo the previous correction
    expect(shown).to_have_text("3")
    alice_page.evaluate(RECORD_ANNOUNCEMENTS)
    alice_page.keyboard.press("k")  # skip: the next text is the same
    expect(shown).to_have_text("4")
    alice_page.wait_for_function("window.announced.at(-1)?.startsWith('2 pictures left.')")
    alice_page.keyboard.press("k")
    expect(alice_page.locator(".review").get_by_text("Only skipped pictures are left.")).to_be_visible()
    alice_page.get_by_role("link", name="Review skipped pictures").click()
    expect(shown).to_have_text("3")
    alice_page.keyboard.press("Enter")
    expect(shown).to_have_text("4")
    alice_page.keyboard.press("n")
    expect(alice_page.locator(".review").get_by_text("Nothing is left to review.")).to_be_visible()
    alice_page.keyboard.press("u")
    expect(shown).to_have_text("4")
    once = [("correct", "3"), ("confirm", "3"), ("undo", "")]
    assert saved_corrections() == [*once, ("confirm", "3"), ("not_a_digit", ""), ("undo", "")]


def test_a_key_held_down_confirms_one_picture_only(alice_page: Page, alice, model):
    for data in varied_pngs(3):
        prediction = create_prediction(owner=alice, data=data, source="upload", mode="digit")
        Prediction.objects.filter(pk=prediction.pk).update(decision="unsure", text="5")
    alice_page.goto("/review/")
    for left in ("2 pictures left.", "1 picture left."):
        alice_page.keyboard.down("Enter")
        expect(alice_page.locator("main").get_by_text(left)).to_be_visible()
        alice_page.keyboard.down("Enter")
        alice_page.wait_for_timeout(500)
        expect(alice_page.locator("main").get_by_text(left)).to_be_visible()
        alice_page.keyboard.up("Enter")
    assert saved_corrections() == [("confirm", "5"), ("confirm", "5")]


@pytest.mark.parametrize("digits", ["5", "55"])
def test_keys_typed_before_the_next_picture_do_not_correct_it(alice_page: Page, alice, model, digits):
    number(alice, digits)
    number(alice, digits)
    alice_page.goto("/review/", wait_until="networkidle")
    shown = alice_page.locator("[data-correct]").get_attribute("action")
    waiting = hold_requests(alice_page, "**/review/*/")
    alice_page.keyboard.press("Enter")
    for key in ("3", "Enter", "n", "u", "k", "4"):
        alice_page.keyboard.press(key)
    next_request(waiting, alice_page).continue_()
    expect(alice_page.locator("main").get_by_text("1 picture left.")).to_be_visible()
    alice_page.wait_for_timeout(300)
    expect(alice_page.locator("[data-correct]")).not_to_have_attribute("action", shown)
    assert [cell.input_value() for cell in alice_page.locator("[data-cell]").all()] == list(digits)
    assert waiting == []
    assert saved_corrections() == [("confirm", digits)]


def test_a_number_that_is_left_stays_in_the_queue_until_enter(alice_page: Page, alice, model):
    number(alice, "7104")
    alice_page.goto("/review/")
    alice_page.keyboard.type("8642")
    alice_page.get_by_role("heading", level=1).click()
    expect_correction(alice_page, "Corrected to 8642")
    assert saved_corrections() == [("correct", "8642")]
    alice_page.keyboard.press("Enter")
    expect(alice_page.locator(".review").get_by_text("Nothing is left to review.")).to_be_visible()
    assert saved_corrections() == [("correct", "8642")]


def test_scene_5_twenty_pictures_are_corrected_with_two_keys_each(alice_page: Page, alice, model):
    for data in varied_pngs(20):
        prediction = create_prediction(owner=alice, data=data, source="upload", mode="digit")
        Prediction.objects.filter(pk=prediction.pk).update(decision="unsure", text="5")
    alice_page.goto("/review/")
    for left in range(19, -1, -1):
        alice_page.keyboard.press("8")
        alice_page.keyboard.press("Enter")
        words = f"{left} picture" if left else "Nothing is left to review."
        expect(alice_page.locator("main").get_by_text(words)).to_be_visible()
    assert Correction.objects.filter(text="8").count() == 20


@pytest.mark.parametrize("key", ["k", "u"])
def test_what_was_typed_is_not_lost_by_a_key_that_shows_another_picture(alice_page: Page, alice, model, key):
    number(alice, "5")
    number(alice, "5")
    number(alice, "5")
    alice_page.goto("/review/", wait_until="networkidle")
    alice_page.keyboard.press("Enter")
    expect(alice_page.locator("main").get_by_text("2 pictures left.")).to_be_visible()
    field = alice_page.get_by_label("Number", exact=True)
    alice_page.keyboard.press("3")
    alice_page.keyboard.press(key)
    expect(alice_page.get_by_text("Save or drop the change first.")).to_be_visible()
    expect(field).to_have_value("3")
    alice_page.keyboard.press("Enter")
    expect(alice_page.locator("main").get_by_text("1 picture left.")).to_be_visible()
    assert saved_corrections() == [("confirm", "5"), ("correct", "3")]
    alice_page.keyboard.press("4")
    alice_page.get_by_role("button", name="Skip").click()
    expect(field).to_have_value("4")
    alice_page.get_by_role("button", name="Drop change").click()
    expect(field).to_have_value("5")
    expect(alice_page.get_by_text("Save or drop the change first.")).to_be_hidden()
    alice_page.keyboard.press("k")
    expect(alice_page.locator(".review").get_by_text("Only skipped pictures are left.")).to_be_visible()
    assert saved_corrections() == [("confirm", "5"), ("correct", "3")]
