"""Corrections of boxes, with keyboard and mouse."""

import re

import pytest
from playwright.sync_api import Page, expect

from recognizer.models import Correction
from tests.browser.corrections import expect_correction, number, saved_corrections
from tests.browser.hand import box_of, draw_stroke

pytestmark = pytest.mark.browser


def test_polling_for_feature_maps_keeps_the_selected_box(alice_page: Page, alice, model):
    prediction = number(alice, "190")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.locator("[data-boxes] summary").click()
    box = alice_page.get_by_label("Box", exact=True)
    box.select_option("3 (0)")
    for _ in range(2):
        with alice_page.expect_response(re.compile("/maps/")) as answer:
            pass
        answer.value.finished()
    expect(box).to_have_value("2")
    alice_page.locator(".boxes").scroll_into_view_if_needed()
    picture = box_of(alice_page.locator(".boxes"))
    draw_stroke(alice_page, [(picture["x"] + 30, picture["y"] + picture["height"] - y) for y in (60, 40, 20)])
    expect(alice_page.locator(".boxes .is-new")).to_have_count(1)
    alice_page.get_by_role("heading", level=2).first.click()  # leave the form
    alice_page.keyboard.press("6")
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Corrected to 196")


def test_a_cancelled_drag_stops_drawing_the_box(alice_page: Page, alice, model):
    prediction = number(alice, "190")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.locator("[data-boxes] summary").click()
    picture = box_of(alice_page.locator(".boxes"))
    start = picture["x"] + 30, picture["y"] + picture["height"] - 60
    alice_page.mouse.move(*start)
    alice_page.mouse.down()
    alice_page.mouse.move(start[0] + 20, start[1] + 20)
    alice_page.locator(".boxes").dispatch_event("pointercancel")
    before = alice_page.locator("[data-add-box] [name=width]").input_value()
    alice_page.mouse.move(start[0] + 40, start[1] + 20)
    assert alice_page.locator("[data-add-box] [name=width]").input_value() == before


def test_a_click_on_a_box_selects_its_digit(alice_page: Page, alice, model):
    prediction = number(alice, "190")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.locator("[data-box='2']").click()
    alice_page.keyboard.press("6")
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Corrected to 196")


def test_a_box_is_split_joined_removed_and_added(alice_page: Page, seven):
    alice_page.goto(f"/uploads/{seven.upload_id}/")
    boxes = alice_page.locator("[data-box]")

    def open_and(action: str, digits: str = "") -> None:
        alice_page.locator("[data-boxes]").evaluate("details => { details.open = true; }")
        alice_page.locator("[data-digits]").fill(digits)
        alice_page.get_by_role("button", name=action).click()

    open_and("Split into two boxes", "17")
    expect(boxes).to_have_count(2)
    expect_correction(alice_page, "Corrected to 17")
    open_and("Join with next box", "9")
    expect(boxes).to_have_count(1)
    open_and("Split into two boxes", "34")
    expect(boxes).to_have_count(2)
    open_and("Remove box")
    expect(boxes).to_have_count(1)
    expect_correction(alice_page, "Corrected to 4")
    alice_page.locator("[data-boxes]").evaluate("details => { details.open = true; }")
    for name, value in {"x": 1, "y": 2, "width": 10, "height": 20}.items():
        alice_page.locator(f"[data-add-box] [name={name}]").fill(str(value))
    alice_page.locator("[data-add-box] [name=value]").fill("8")
    alice_page.get_by_role("button", name="Add box").click()
    expect(boxes).to_have_count(2)
    assert Correction.objects.count() == 5


def test_enter_saves_the_digits_of_the_selected_box(alice_page: Page, alice, model):
    prediction = number(alice, "7104")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    for keys, words in (("5", "Corrected to 5104"), ("", "Corrected to 5104"), ("12", "Corrected to 12104")):
        alice_page.keyboard.press("s")
        alice_page.keyboard.type(keys)
        alice_page.keyboard.press("Enter")
        expect_correction(alice_page, words)
        alice_page.get_by_role("heading", level=2).first.click()  # leave the form
    assert saved_corrections() == [("correct", "5104"), ("correct", "12104")]


def test_a_box_outside_the_picture_gets_an_error(alice_page: Page, seven):
    alice_page.goto(f"/uploads/{seven.upload_id}/")
    alice_page.locator("[data-boxes]").evaluate("details => { details.open = true; }")
    for name in ("x", "y", "width", "height"):
        alice_page.locator(f"[data-add-box] [name={name}]").fill("90000")
    alice_page.locator("[data-add-box] [name=value]").fill("8")
    alice_page.get_by_role("button", name="Add box").click()
    expect(alice_page.get_by_role("alert")).to_have_text("The box must be inside the picture.")
    assert not Correction.objects.exists()


def test_the_box_shortcuts_do_what_the_legend_says(alice_page: Page, alice, model):
    number(alice, "190")
    alice_page.goto("/review/")
    alice_page.keyboard.press("?")
    shortcuts = alice_page.get_by_role("dialog")
    expect(shortcuts).to_be_visible()
    expect(shortcuts.locator("dl > div", has_text="No digit")).to_contain_text("N")
    expect(shortcuts.locator("dl > div", has_text="Remove the marked box")).to_contain_text("Del")
    alice_page.keyboard.press("?")
    expect(shortcuts).to_have_count(0)
    alice_page.keyboard.press("ArrowRight")
    alice_page.keyboard.press("Delete")
    expect(alice_page.locator("[data-box]")).to_have_count(2)
    assert saved_corrections() == [("correct", "10")]
    alice_page.keyboard.press("s")
    expect(alice_page.get_by_role("button", name="Split into two boxes")).to_be_visible()
