"""The drawing pad: strokes, undo and redo, reload, preview and saving."""

import re

import pytest
from playwright.sync_api import Page, expect

from recognizer.models import Prediction
from tests.browser.hand import (
    PAD,
    Fingers,
    Pen,
    box_of,
    draw,
    draw_stroke,
    expect_preview,
    pad_of,
    place_on,
    tap_until,
    wait_for_preview,
)

pytestmark = pytest.mark.browser

SEVEN = re.compile("^7, ")


def stored_strokes(page: Page) -> list[dict]:
    """Return the strokes that the pad has stored in the browser."""
    return page.evaluate(
        """() => {
            const key = document.querySelector("[data-pad]").dataset.key;
            return JSON.parse(sessionStorage.getItem(key) ?? "{}").strokes ?? [];
        }"""
    )


def count_ink(page: Page) -> int:
    """Count the pixels of the pad that have ink."""
    return page.evaluate(
        """selector => {
            const canvas = document.querySelector(selector);
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return data.filter((value, index) => index % 4 === 3 && value > 128).length;
        }""",
        PAD,
    )


@pytest.fixture
def desk(alice_page: Page) -> Page:
    alice_page.goto("/")
    return alice_page


def test_the_preview_follows_the_pen_and_nothing_is_stored(desk):
    draw(desk, "7")
    expect_preview(desk, SEVEN)
    expect(desk.locator("[data-preview] [data-preview-status]")).to_have_text(SEVEN)
    assert not Prediction.objects.exists()


def test_the_preview_waits_for_no_timer_after_the_pen_is_lifted(desk):
    desk.clock.install(time=0)
    desk.clock.pause_at(1000)  # no timer of the page ends from now on
    draw(desk, "7")
    expect_preview(desk, SEVEN)


def test_an_unanswered_preview_request_times_out_with_a_message(desk, server):
    server.freeze()
    draw(desk, "7")
    expect(desk.locator("[data-preview]")).to_have_attribute("aria-busy", "true")
    expect(desk.get_by_text("The server cannot be reached.")).to_be_visible()
    wait_for_preview(desk)
    server.thaw()
    desk.get_by_role("button", name="Undo").click()
    desk.get_by_role("button", name="Redo").click()
    expect_preview(desk, SEVEN)
    expect(desk.get_by_text("The server cannot be reached.")).to_be_hidden()


@pytest.mark.parametrize(("seconds", "message"), [(1, None), (3, "Try again in 3 seconds.")])
def test_a_refused_preview_is_requested_again_after_the_pause(desk, seconds, message):
    requests, waiting = [], []

    def refuse_first(route):
        """Refuse the first request, and let the next one wait until the message was seen, however slow that is."""
        requests.append(route.request.url)
        if len(requests) == 1:
            headers = {"Retry-After": str(seconds), "Content-Type": "text/html"}
            route.fulfill(status=429, headers=headers, body="<p>Try again in 3 seconds.</p>")
        elif message:
            waiting.append(route)
        else:
            route.continue_()

    desk.route("**/preview/", refuse_first)
    draw(desk, "7")
    if message:
        expect(desk.locator("[data-preview-content]")).to_contain_text(message)
        message = None
        for route in waiting:
            route.continue_()
    expect_preview(desk, SEVEN)
    wait_for_preview(desk)
    assert len(requests) > 1


def test_a_drawing_survives_a_reload(desk):
    draw(desk, "7")
    before, inked = stored_strokes(desk), count_ink(desk)
    desk.reload()
    assert stored_strokes(desk) == before
    assert count_ink(desk) == pytest.approx(inked, rel=0.02)
    expect_preview(desk, SEVEN)


def test_strokes_are_undone_redone_and_cleared(desk):
    draw(desk, "7")
    whole = count_ink(desk)
    desk.get_by_role("button", name="Undo").click()
    assert 0 < count_ink(desk) < whole
    desk.keyboard.press("Control+z")
    desk.keyboard.press("Control+z")
    assert count_ink(desk) == 0
    expect(desk.get_by_role("button", name="Undo")).to_be_disabled()
    expect(desk.get_by_text("The number appears here")).to_be_visible()
    for _ in range(3):
        desk.keyboard.press("Control+Shift+Z")
    assert count_ink(desk) == pytest.approx(whole, rel=0.02)
    undone = desk.get_by_text("Redo brings back your last drawing.")
    expect(undone).to_be_hidden()
    desk.get_by_role("button", name="Clear").click()
    assert count_ink(desk) == 0
    desk.reload()
    expect(undone).to_be_visible()
    desk.get_by_role("button", name="Redo").click()
    assert count_ink(desk) > 0
    expect(undone).to_be_hidden()


def test_the_eraser_removes_ink(desk):
    draw(desk, "1")
    whole = count_ink(desk)
    desk.get_by_role("button", name="Eraser").click()
    pad = pad_of(desk)
    middle = pad["y"] + pad["height"] / 2
    draw_stroke(desk, [(pad["x"] + pad["width"] * part, middle) for part in (0.3, 0.5, 0.7)])
    assert 0 < count_ink(desk) < whole


def test_an_empty_pad_shows_a_message(desk):
    save = desk.get_by_role("button", name="Read and save")
    expect(save).to_be_disabled()
    save.click(force=True)  # as a person may: the button says that it is disabled, and why when it is pressed
    expect(desk.get_by_text("The pad is empty")).to_be_visible()
    assert not Prediction.objects.exists()


def test_saving_stores_the_strokes_and_clears_the_pad(desk):
    draw(desk, "7")
    strokes = stored_strokes(desk)
    desk.get_by_role("button", name="Read and save").click()
    desk.wait_for_url(re.compile("/uploads/.+"))
    upload = Prediction.objects.get().upload
    assert (upload.source, upload.strokes) == ("drawing", strokes)
    desk.goto("/")
    assert stored_strokes(desk) == []


def test_a_double_click_saves_the_drawing_once(desk):
    draw(desk, "7")
    desk.get_by_role("button", name="Read and save").dblclick()
    expect(desk).to_have_url(re.compile("/uploads/.+"))
    assert Prediction.objects.count() == 1


def save_without_connection(desk: Page) -> None:
    desk.context.set_offline(True)
    desk.get_by_role("button", name="Read and save").click()
    expect(desk).to_have_url(re.compile("^chrome-error:"))
    desk.context.set_offline(False)


def test_a_drawing_that_could_not_be_sent_is_saved_at_the_next_attempt(desk):
    draw(desk, "7")
    strokes = stored_strokes(desk)
    save_without_connection(desk)
    desk.go_back()
    desk.get_by_role("button", name="Read and save").click()
    desk.wait_for_url(re.compile("/uploads/.+"))
    assert Prediction.objects.get().upload.strokes == strokes


def test_a_drawing_that_could_not_be_sent_is_kept_while_another_picture_is_opened(desk, seven):
    draw(desk, "7")
    strokes = stored_strokes(desk)
    save_without_connection(desk)
    desk.goto(f"/uploads/{seven.upload_id}/")
    desk.goto("/")
    assert stored_strokes(desk) == strokes
    desk.get_by_role("button", name="Read and save").click()
    expect(desk).to_have_url(re.compile("/uploads/[^/]+/$"))  # without a mark that a reload would repeat
    desk.goto("/")
    assert stored_strokes(desk) == []


def test_a_drawing_whose_request_was_stopped_is_saved_at_the_next_attempt(desk):
    draw(desk, "7")
    with desk.expect_event("request", lambda request: request.is_navigation_request()):
        desk.route("**/uploads/", lambda route: None)  # the request is never answered
        desk.get_by_role("button", name="Read and save").click(no_wait_after=True)
    desk.context.new_cdp_session(desk).send("Page.stopLoading")
    desk.unroute("**/uploads/")
    desk.get_by_role("button", name="Read and save").click()
    desk.wait_for_url(re.compile("/uploads/.+"))
    assert Prediction.objects.count() == 1


def test_the_preview_and_the_saved_prediction_agree(desk):
    draw(desk, "7")
    expect(desk.locator("[data-preview-status]")).to_have_text(SEVEN)  # only the whole drawing is announced
    wait_for_preview(desk)
    shown = desk.locator("[data-preview] .confidence").inner_text()
    desk.get_by_role("button", name="Read and save").click()
    expect(desk.locator(".answer .confidence")).to_have_text(shown)


def test_scene_4_a_second_finger_does_not_break_a_stroke(phone):
    pad = pad_of(phone)
    across = [(pad["x"] + pad["width"] * part / 10, pad["y"] + pad["height"] / 2) for part in range(1, 10)]
    fingers = Fingers(phone)
    fingers.touch(0, across[0])
    for step, point in enumerate(across[1:]):
        fingers.move(0, point)
        if step == 2:
            fingers.touch(1, (pad["x"] + 20, pad["y"] + 20))
        if step == 5:
            fingers.move(1, (pad["x"] + 20, pad["y"] + 120))
            fingers.lift(1)
    fingers.lift(0)
    (stroke,) = stored_strokes(phone)
    heights = [point[1] for point in stroke["points"]]
    assert max(heights) - min(heights) < 5
    assert stroke["points"][-1][0] > 650


@pytest.mark.parametrize("ends", ["touchEnd", "touchCancel"])  # lifted, or recognised as a palm by the browser
def test_the_palm_that_lies_on_the_pad_before_the_pen_draws_nothing(phone, ends):
    pad = pad_of(phone)
    left, top = pad["x"], pad["y"]
    fingers, pen = Fingers(phone), Pen(phone)
    fingers.touch(0, (left + 200, top + 160))
    fingers.move(0, (left + 210, top + 170))
    if ends == "touchCancel":
        fingers.session.send("Input.dispatchTouchEvent", {"type": ends, "touchPoints": []})
        assert len(stored_strokes(phone)) == 1
    pen.draw((left + 50, top + 80), (left + 150, top + 80))
    if ends == "touchEnd":
        fingers.move(0, (left + 220, top + 190))
        fingers.lift(0)
    else:
        fingers.down.clear()
    fingers.touch(1, (left + 20, top + 190))
    fingers.lift(1)
    pen.draw((left + 60, top + 100), (left + 160, top + 100))
    scale = phone.locator(PAD).evaluate("canvas => canvas.clientWidth") / 800
    starts = [scale * stroke["points"][0][0] for stroke in stored_strokes(phone)]
    assert starts == pytest.approx([50, 60], abs=3)


def test_scene_4_drawing_on_a_phone_does_not_scroll_the_page(phone):
    phone.evaluate("scrollTo(0, 40)")
    before = phone.evaluate("scrollY")
    Fingers(phone).draw("7", place_on(pad_of(phone), (0.5, 0.5), 0.8))
    expect_preview(phone, SEVEN)
    assert phone.evaluate("scrollY") == before
    tap_until(phone, phone.get_by_role("button", name="Read and save"), re.compile("/uploads/.+"))
    assert Prediction.objects.get().text == "7"


def test_the_canvas_has_the_resolution_of_the_device(phone):
    width = box_of(phone.locator(PAD))["width"]
    assert phone.locator(PAD).evaluate("canvas => canvas.width") == pytest.approx(3 * width, abs=8)


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 2560])
def test_the_pad_fits_every_screen(desk, width):
    desk.set_viewport_size({"width": width, "height": 800})
    assert desk.evaluate("document.documentElement.scrollWidth") <= width
    pad = pad_of(desk)
    assert pad["width"] >= min(280, width - 40)
    draw(desk, "7")
    expect_preview(desk, SEVEN)
