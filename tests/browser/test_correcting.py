"""What people say is true: by keys, one answer after another, and taken back."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from recognizer.models import Correction, Glyph, Prediction
from recognizer.services.predictions import create_prediction
from tests.browser.hand import box_of, draw_stroke
from tests.pictures import digit_png, varied_pngs

pytestmark = pytest.mark.browser


LISTEN = """() => {
  window.said = [];
  const announcer = document.querySelector("[data-announcer]");
  const heard = () => announcer.textContent && window.said.push(announcer.textContent);
  new MutationObserver(heard).observe(announcer, { childList: true });
}"""


@pytest.fixture
def seven(alice, model) -> Prediction:
    return create_prediction(owner=alice, data=digit_png(7), source="upload", mode="digit")


def number(alice, digits: str) -> Prediction:
    """An answer of several digits, whatever the reader would say of the picture."""
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
    Glyph.objects.filter(pk=glyph.pk).update(digit=int(digits[0]), x=5, y=40, width=50, height=90)
    return prediction


def stands(page: Page, words: str) -> None:
    expect(page.locator(".standing")).to_have_text(re.compile(rf"^\s*{words}\b"))


def said() -> list[tuple[str, str]]:
    return list(Correction.objects.order_by("created_at").values_list("kind", "text"))


def test_a_digit_is_corrected_by_its_key_and_taken_back(alice_page: Page, seven):
    alice_page.goto(f"/uploads/{seven.upload_id}/")
    alice_page.keyboard.press("1")
    stands(alice_page, "Corrected to 1")
    expect(alice_page.locator("[data-announcer]")).to_have_text(re.compile("^Corrected to 1 alice,"))
    alice_page.keyboard.press("u")
    expect(alice_page.locator(".standing")).to_have_count(0)
    expect(alice_page.locator("[data-announcer]")).to_have_text(re.compile("sure"))
    alice_page.keyboard.press("Enter")
    stands(alice_page, "Confirmed")
    alice_page.keyboard.press("n")
    stands(alice_page, "Said to be no digit")
    assert said() == [("correct", "1"), ("undo", ""), ("confirm", "7"), ("not_a_digit", "")]
    expect(alice_page).to_have_title(re.compile("^No digit "))
    expect(alice_page.locator("main").get_by_text("Read as 7: ")).to_be_visible()  # the first answer stays


def test_a_number_is_corrected_digit_by_digit_with_arrows(alice_page: Page, alice, model):
    prediction = number(alice, "190")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    expect(alice_page.locator("[data-cell].is-selected")).to_have_value("1")
    alice_page.keyboard.press("ArrowRight")
    alice_page.keyboard.press("4")
    stands(alice_page, "Corrected to 140")
    expect(alice_page.locator("[data-cell].is-selected")).to_have_value("0")
    alice_page.keyboard.press("n")
    stands(alice_page, "Corrected to 14")


def test_enter_sends_what_was_edited_in_the_cells(alice_page: Page, alice, model):
    prediction = number(alice, "190")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    cell = alice_page.get_by_label("Digit 2")
    cell.fill("4")  # pasted, or by a phone's keyboard, which tells no key
    cell.press("Enter")
    stands(alice_page, "Corrected to 140")
    expect(cell).to_be_focused()
    cell.press("Delete")
    cell.press("Enter")
    stands(alice_page, "Corrected to 10")
    expect(alice_page.locator("[data-place]")).to_have_count(3)
    cell.press("5")
    stands(alice_page, "Corrected to 150")
    expect(alice_page.get_by_label("Digit 3")).to_be_focused()  # and written over next
    alice_page.keyboard.press("6")
    stands(alice_page, "Corrected to 156")


def test_the_chosen_box_stays_while_the_maps_are_asked_for(alice_page: Page, alice, model):
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
    picture = box_of(alice_page.locator(".boxes"))
    draw_stroke(alice_page, [(picture["x"] + 30, picture["y"] + picture["height"] - y) for y in (60, 40, 20)])
    expect(alice_page.locator(".boxes .is-new")).to_have_count(1)
    alice_page.get_by_role("heading", level=2).first.click()  # out of the form
    alice_page.keyboard.press("6")
    stands(alice_page, "Corrected to 196")


def test_a_cancelled_drag_draws_no_further(alice_page: Page, alice, model):
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


def test_a_click_on_a_box_chooses_its_digit(alice_page: Page, alice, model):
    prediction = number(alice, "190")
    alice_page.goto(f"/uploads/{prediction.upload_id}/")
    alice_page.locator("[data-place='2']").click()
    alice_page.keyboard.press("6")
    stands(alice_page, "Corrected to 196")


def test_a_box_is_split_joined_removed_and_added(alice_page: Page, seven):
    alice_page.goto(f"/uploads/{seven.upload_id}/")
    boxes = alice_page.locator("[data-place]")

    def open_and(action: str, digits: str = "") -> None:
        alice_page.locator("[data-boxes]").evaluate("details => { details.open = true; }")
        alice_page.locator("[data-digits]").fill(digits)
        alice_page.get_by_role("button", name=action).click()

    open_and("Split in two", "17")
    expect(boxes).to_have_count(2)
    stands(alice_page, "Corrected to 17")
    open_and("Join with the next", "9")
    expect(boxes).to_have_count(1)
    open_and("Split in two", "34")
    expect(boxes).to_have_count(2)
    open_and("Remove")
    expect(boxes).to_have_count(1)
    stands(alice_page, "Corrected to 4")
    alice_page.locator("[data-boxes]").evaluate("details => { details.open = true; }")
    for name, value in {"x": 1, "y": 2, "width": 10, "height": 20}.items():
        alice_page.locator(f"[data-add-box] [name={name}]").fill(str(value))
    alice_page.locator("[data-add-box] [name=value]").fill("8")
    alice_page.get_by_role("button", name="Add", exact=True).click()
    expect(boxes).to_have_count(2)
    assert Correction.objects.count() == 5


def test_a_box_outside_the_picture_is_refused_in_words(alice_page: Page, seven):
    alice_page.goto(f"/uploads/{seven.upload_id}/")
    alice_page.locator("[data-boxes]").evaluate("details => { details.open = true; }")
    for name in ("x", "y", "width", "height"):
        alice_page.locator(f"[data-add-box] [name={name}]").fill("90000")
    alice_page.locator("[data-add-box] [name=value]").fill("8")
    alice_page.get_by_role("button", name="Add", exact=True).click()
    expect(alice_page.get_by_role("alert")).to_have_text("A box must lie inside the picture.")
    assert not Correction.objects.exists()


def test_a_phone_is_not_told_of_keys(alice_page: Page, phone: Page, seven):
    for page, has_keys in ((alice_page, True), (phone, False)):
        page.goto("/review/?all")
        expect(page.get_by_role("button", name="It is right")).to_be_visible()
        expect(page.locator("kbd:visible")).to_have_count(page.locator("kbd").count() if has_keys else 0)


def test_the_review_queue_is_worked_off_by_keys(alice_page: Page, alice, model):
    for confidence, data in zip((0.3, 0.2, 0.4), varied_pngs(3), strict=True):
        prediction = create_prediction(owner=alice, data=data, source="upload", mode="digit")
        Prediction.objects.filter(pk=prediction.pk).update(decision="unsure", confidence=confidence, text="5")
    alice_page.goto("/review/")
    expect(alice_page.locator(".review").get_by_text("3 unsure answers are left.")).to_be_visible()
    expect(alice_page.locator(".review .sureness")).to_contain_text("20.0 %")
    alice_page.keyboard.press("3")
    expect(alice_page.locator(".review .sureness")).to_contain_text("30.0 %")
    alice_page.keyboard.press("Enter")
    expect(alice_page.locator(".review .sureness")).to_contain_text("40.0 %")
    alice_page.keyboard.press("u")  # the last one, taken back
    expect(alice_page.locator(".review .sureness")).to_contain_text("30.0 %")
    alice_page.evaluate(LISTEN)
    alice_page.keyboard.press("k")  # skipped: the next one's words are the same
    expect(alice_page.locator(".review .sureness")).to_contain_text("40.0 %")
    alice_page.wait_for_function("window.said.at(-1)?.startsWith('2 unsure answers are left.')")
    alice_page.keyboard.press("k")
    expect(alice_page.locator(".review").get_by_text("Nothing is left but what you skipped.")).to_be_visible()
    alice_page.get_by_role("link", name="Look at what was skipped").click()
    expect(alice_page.locator(".review .sureness")).to_contain_text("30.0 %")
    alice_page.keyboard.press("Enter")
    expect(alice_page.locator(".review .sureness")).to_contain_text("40.0 %")
    alice_page.keyboard.press("n")
    expect(alice_page.locator(".review").get_by_text("No unsure answer is left.")).to_be_visible()
    alice_page.keyboard.press("u")
    expect(alice_page.locator(".review .sureness")).to_contain_text("40.0 %")
    once = [("correct", "3"), ("confirm", "5"), ("undo", "")]
    assert said() == [*once, ("confirm", "5"), ("not_a_digit", ""), ("undo", "")]


def test_a_key_held_down_is_said_of_one_picture_only(alice_page: Page, alice, model):
    for data in varied_pngs(3):
        prediction = create_prediction(owner=alice, data=data, source="upload", mode="digit")
        Prediction.objects.filter(pk=prediction.pk).update(decision="unsure", text="5")
    alice_page.goto("/review/")
    for key, left in (("8", "2 unsure answers are left."), ("Enter", "1 unsure answer is left.")):
        alice_page.keyboard.down(key)
        expect(alice_page.locator("main").get_by_text(left)).to_be_visible()
        alice_page.keyboard.down(key)
        alice_page.wait_for_timeout(500)
        expect(alice_page.locator("main").get_by_text(left)).to_be_visible()
        alice_page.keyboard.up(key)
    assert said() == [("correct", "8"), ("confirm", "5")]


def test_scene_5_twenty_corrections_by_keyboard_in_under_a_minute(alice_page: Page, alice, model):
    for data in varied_pngs(20):
        prediction = create_prediction(owner=alice, data=data, source="upload", mode="digit")
        Prediction.objects.filter(pk=prediction.pk).update(decision="unsure", text="5")
    alice_page.goto("/review/")
    started = time.monotonic()
    for left in range(19, -1, -1):
        alice_page.keyboard.press("8")
        words = f"{left} unsure answer" if left else "No unsure answer is left."
        expect(alice_page.locator("main").get_by_text(words)).to_be_visible()
    assert time.monotonic() - started < 60
    assert Correction.objects.filter(text="8").count() == 20
