"""Corrections with keyboard and mouse, on the page of a picture and in the review queue."""

import re
import time

import pytest
from playwright.sync_api import Page, Route, expect

from recognizer.models import Correction, Glyph, Prediction
from recognizer.services.reading.predictions import create_prediction
from tests.browser.hand import box_of, draw_stroke
from tests.pictures import digit_png, varied_pngs

pytestmark = pytest.mark.browser


RECORD_ANNOUNCEMENTS = """() => {
  window.announced = [];
  const announcer = document.querySelector("[data-announcer]");
  const record = () => announcer.textContent && window.announced.push(announcer.textContent);
  new MutationObserver(record).observe(announcer, { childList: true });
}"""


@pytest.fixture
def seven(alice, model) -> Prediction:
    return create_prediction(owner=alice, data=digit_png(7), source="upload", mode="digit")


def number(alice, digits: str) -> Prediction:
    """Return an unsure prediction of these digits, whatever the picture shows. The first one is the least certain."""
    prediction = create_prediction(owner=alice, data=digit_png(7, size=300), source="upload", mode="digit")
    Prediction.objects.filter(pk=prediction.pk).update(text=digits, decision="unsure")
    (glyph,) = prediction.glyphs.all()
    for position, digit in enumerate(digits[1:], start=1):
        Glyph.objects.create(
            prediction=prediction,
            position=position,
            x=60 * position,
            y=40,
            width=50,
            height=90,
            input=glyph.input,
            digit=int(digit),
            confidence=0.6,
            probabilities=glyph.probabilities,
        )
    first = {"digit": int(digits[0]), "confidence": 0.5}
    Glyph.objects.filter(pk=glyph.pk).update(**first, x=5, y=40, width=50, height=90)
    return prediction


def expect_correction(page: Page, text: str) -> None:
    expect(page.locator(".current-correction")).to_have_text(re.compile(rf"^\s*(Saved\s+)?{text}\b"))


def hold_requests(page: Page, address: str) -> list[Route]:
    """Return a list of the requests to an address, which wait until the test lets them continue."""
    waiting: list[Route] = []
    page.route(address, lambda route: waiting.append(route))
    return waiting


def next_request(waiting: list[Route], page: Page) -> Route:
    while not waiting:
        page.wait_for_timeout(10)
    return waiting.pop()


def saved_corrections() -> list[tuple[str, str]]:
    return list(Correction.objects.order_by("created_at").values_list("kind", "text"))


def shown_cells(page: Page) -> str:
    return "".join(cell.input_value() for cell in page.locator("[data-cell]").all())


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
    expect_correction(alice_page, "Marked as not a digit")
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
    expect(alice_page.get_by_label("Whole number")).to_have_value("14")
    assert saved_corrections() == []
    alice_page.keyboard.press("Enter")
    expect_correction(alice_page, "Corrected to 14")
    expect(alice_page.locator("[data-box]")).to_have_count(3)  # the last one is not a digit


@pytest.mark.parametrize(("before", "after"), [("852", "8527"), ("7104", "8642"), ("8527", "85"), ("7", "1905")])
@pytest.mark.parametrize("pause", [0, 40])
def test_a_typed_number_replaces_the_number(alice_page: Page, alice, model, before, after, pause):
    prediction = number(alice, before)
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.keyboard.type(after, delay=pause)
    expect(alice_page.get_by_label("Whole number")).to_have_value(after)
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
    alice_page.get_by_label("Whole number").fill("8527")
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


def test_the_confirm_button_saves_what_was_typed(alice_page: Page, alice, model):
    prediction = number(alice, "852")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.keyboard.type("8527")
    alice_page.get_by_role("button", name="Confirm").click()
    expect_correction(alice_page, "Corrected to 8527")
    assert saved_corrections() == [("correct", "8527")]


def test_a_refused_number_stays_in_its_field(alice_page: Page, alice, model):
    prediction = number(alice, "852")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.get_by_label("Whole number").fill("85x")
    alice_page.get_by_label("Whole number").press("Enter")
    expect(alice_page.get_by_role("alert")).to_contain_text("Use only the digits 0 to 9")
    expect(alice_page.get_by_label("Whole number")).to_have_value("85x")
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
    expect(shortcuts.locator("dl > div", has_text="Not a digit")).to_contain_text("N")
    expect(shortcuts.locator("dl > div", has_text="Remove the marked box")).to_contain_text("Del")
    alice_page.keyboard.press("?")
    expect(shortcuts).to_have_count(0)
    alice_page.keyboard.press("ArrowRight")
    alice_page.keyboard.press("Delete")
    expect(alice_page.locator("[data-box]")).to_have_count(2)
    assert saved_corrections() == [("correct", "10")]
    alice_page.keyboard.press("s")
    expect(alice_page.get_by_role("button", name="Split into two boxes")).to_be_visible()


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


def test_scene_5_twenty_corrections_by_keyboard_in_under_a_minute(alice_page: Page, alice, model):
    for data in varied_pngs(20):
        prediction = create_prediction(owner=alice, data=data, source="upload", mode="digit")
        Prediction.objects.filter(pk=prediction.pk).update(decision="unsure", text="5")
    alice_page.goto("/review/")
    started = time.monotonic()
    for left in range(19, -1, -1):
        alice_page.keyboard.press("8")
        alice_page.keyboard.press("Enter")
        words = f"{left} picture" if left else "Nothing is left to review."
        expect(alice_page.locator("main").get_by_text(words)).to_be_visible()
    assert time.monotonic() - started < 60
    assert Correction.objects.filter(text="8").count() == 20
