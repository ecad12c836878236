"""Corrections with the keyboard, in the cells of a number."""

import re

import pytest
from playwright.sync_api import Page, expect

from recognizer.models import Correction
from tests.browser.corrections import expect_correction, number, saved_corrections, shown_cells

pytestmark = pytest.mark.browser


def test_a_digit_is_corrected_by_its_key_and_the_correction_is_undone(alice_page: Page, seven):
    alice_page.goto(f"/uploads/{seven.upload_id}/")
    alice_page.keyboard.press("1")
    expect(alice_page.get_by_text("Not saved yet.")).to_be_visible()
    assert saved_corrections() == []
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Corrected to 1")
    expect(alice_page.locator("[data-announcer]")).to_have_text(re.compile("^Saved Corrected to 1 alice,"))
    alice_page.keyboard.press("u")
    expect(alice_page.locator(".current-correction")).to_have_count(0)
    expect(alice_page.locator("[data-announcer]")).to_have_text(re.compile("sure"))
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Confirmed")
    alice_page.keyboard.press("n")
    expect_correction(alice_page, "Marked as no digit")
    assert saved_corrections() == [("correct", "1"), ("undo", ""), ("confirm", "7"), ("not_a_digit", "")]
    expect(alice_page).to_have_title(re.compile("^No digit "))
    expect(alice_page.locator("main").get_by_text("Read as 7: ")).to_be_visible()  # the first answer stays


def test_a_number_is_corrected_digit_by_digit_with_arrows(alice_page: Page, alice, model):
    prediction = number(alice, "190")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    expect(alice_page.locator("[data-cell].is-selected")).to_have_value("1")
    for key in ("ArrowRight", "4", "n"):
        alice_page.keyboard.press(key)
    assert shown_cells(alice_page) == "14"
    expect(alice_page.get_by_label("Number", exact=True)).to_have_value("14")
    assert saved_corrections() == []
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Corrected to 14")
    expect(alice_page.locator("[data-box]")).to_have_count(3)  # the last one is not a digit


def test_the_large_number_says_that_it_is_as_read_while_another_one_is_typed(alice_page: Page, seven):
    alice_page.goto(f"/uploads/{seven.upload_id}/")
    note, number_drawn = alice_page.locator("[data-as-before]"), alice_page.locator(".answer-number svg")
    expect(note).to_be_hidden()
    place = number_drawn.bounding_box()
    alice_page.keyboard.press("1")
    expect(note).to_have_text("as read")
    expect(note).to_be_visible()
    assert number_drawn.bounding_box() == place
    alice_page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    alice_page.keyboard.press("1")
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Corrected to 1")
    expect(note).to_be_hidden()
    alice_page.keyboard.press("4")
    expect(note).to_have_text("as saved")
    expect(note).to_be_visible()


@pytest.mark.parametrize(("before", "after"), [("852", "8527"), ("7104", "8642"), ("8527", "85"), ("7", "1905")])
@pytest.mark.parametrize("pause", [0, 40])
def test_a_typed_number_replaces_the_number(alice_page: Page, alice, model, before, after, pause):
    prediction = number(alice, before)
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.keyboard.type(after, delay=pause)
    expect(alice_page.get_by_label("Number", exact=True)).to_have_value(after)
    assert shown_cells(alice_page) == after
    assert saved_corrections() == []
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, f"Corrected to {after}")
    assert saved_corrections() == [("correct", after)]


@pytest.mark.parametrize("start", ["click", "arrow"])
def test_a_digit_behind_the_last_cell_adds_a_cell(alice_page: Page, alice, model, start):
    prediction = number(alice, "852")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    if start == "click":
        alice_page.get_by_label("Digit 1").click()
    else:
        alice_page.keyboard.press("ArrowLeft")  # selects the first cell
    alice_page.keyboard.type("8527")
    assert shown_cells(alice_page) == "8527"
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Corrected to 8527")
    assert saved_corrections() == [("correct", "8527")]


def test_signs_are_typed_with_the_number(alice_page: Page, alice, model):
    prediction = number(alice, "852")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.keyboard.type("-12.50")
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Corrected to -12.50")
    assert Correction.objects.get().written == "-12.50"


def test_a_number_is_saved_when_its_field_is_left(alice_page: Page, alice, model):
    prediction = number(alice, "852")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.get_by_label("Number", exact=True).fill("8527")
    assert saved_corrections() == []
    alice_page.get_by_role("heading", level=2).first.click()
    expect_correction(alice_page, "Corrected to 8527")
    expect(alice_page.get_by_text("Not saved yet.")).to_be_hidden()
    assert saved_corrections() == [("correct", "8527")]


def test_escape_drops_what_was_typed(alice_page: Page, alice, model):
    prediction = number(alice, "852")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.keyboard.type("9999")
    alice_page.keyboard.press("Escape")
    assert shown_cells(alice_page) == "852"
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Confirmed")
    assert saved_corrections() == [("confirm", "852")]


def test_keys_and_links_to_other_pages_keep_what_was_typed(alice_page: Page, alice, model):
    first, second = number(alice, "12"), number(alice, "34")
    alice_page.goto(f"/uploads/{first.upload_id}/")
    alice_page.keyboard.press("9")
    for key in ("j", "r"):
        alice_page.keyboard.press(key)
        expect(alice_page.get_by_text("Save or drop the change first.")).to_be_visible()
        expect(alice_page.get_by_label("Number", exact=True)).to_have_value("92")
    asked = []
    alice_page.on("dialog", lambda dialog: asked.append(dialog.type) or dialog.dismiss())
    alice_page.get_by_role("link", name="History").first.click(no_wait_after=True)
    while not asked:
        alice_page.wait_for_timeout(10)
    assert asked == ["beforeunload"]
    alice_page.keyboard.press("Escape")
    alice_page.keyboard.press("j")
    alice_page.wait_for_url(f"**/uploads/{second.upload_id}/")
    assert saved_corrections() == []


def test_save_takes_the_place_of_confirm_after_a_change(alice_page: Page, alice, model):
    prediction = number(alice, "852")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    save, confirm = (alice_page.get_by_role("button", name=name) for name in ("Save", "Confirm"))
    expect(save).to_be_hidden()
    alice_page.keyboard.type("8527")
    expect(confirm).to_be_hidden()
    alice_page.keyboard.press("Escape")
    expect(save).to_be_hidden()
    expect(confirm).to_be_visible()
    alice_page.keyboard.type("8527")
    save.click()
    expect_correction(alice_page, "Corrected to 8527")
    assert saved_corrections() == [("correct", "8527")]


def test_a_refused_number_stays_in_its_field(alice_page: Page, alice, model):
    prediction = number(alice, "852")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.get_by_label("Number", exact=True).fill("85x")
    alice_page.get_by_label("Number", exact=True).press("Enter")
    expect(alice_page.get_by_role("alert")).to_contain_text("Use only the digits 0 to 9")
    expect(alice_page.get_by_label("Number", exact=True)).to_have_value("85x")
    assert saved_corrections() == []


def test_enter_sends_what_was_edited_in_the_cells(alice_page: Page, alice, model):
    prediction = number(alice, "190")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    cell = alice_page.get_by_label("Digit 2")
    cell.fill("4")  # as by pasting or a phone's keyboard, which send no key
    cell.press("Enter")
    expect_correction(alice_page, "Corrected to 140")
    expect(cell).to_be_focused()
    cell.press("Delete")
    cell.press("Enter")
    expect_correction(alice_page, "Corrected to 10")
    expect(alice_page.locator("[data-box]")).to_have_count(3)
    cell.press("5")
    expect(alice_page.get_by_label("Digit 3")).to_be_focused()  # and its digit is selected
    alice_page.keyboard.press("6")
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Corrected to 156")
    expect(alice_page.locator("[data-box]")).to_have_count(3)
