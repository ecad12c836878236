"""Every way to send a picture, and the first visit."""

import base64
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, Route, expect

from recognizer.models import Batch, Prediction, Upload
from recognizer.services.reading.presets import create_preset
from tests.browser.fixtures import log_in
from tests.browser.hand import draw, press_twice
from tests.pictures import digit_png, varied_pngs
from tests.servers.web import WebServer

pytestmark = pytest.mark.browser

ANSWER = re.compile("/uploads/.+")
STROKES = '[{"pen": 26, "erases": false, "points": [[1, 2, 0.5, 0]]}]'
FILES = """names => {
    const transfer = new DataTransfer();
    for (const [name, data] of names) {
        const bytes = Uint8Array.from(atob(data), character => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type: "image/png" }));
    }
    return transfer;
}"""


def named_files(*pictures: bytes) -> list[list[str]]:
    return [[f"{number}.png", base64.b64encode(data).decode()] for number, data in enumerate(pictures)]


def paste(page: Page, picture: bytes) -> None:
    page.evaluate(
        f"""names => document.dispatchEvent(
            new ClipboardEvent("paste", {{ clipboardData: ({FILES})(names), bubbles: true }})
        )""",
        named_files(picture),
    )


def test_from_sign_up_to_a_saved_answer(page: Page):
    page.goto("/")
    page.locator("main").get_by_role("link", name="Sign up").click()
    page.get_by_label("Username").fill("dora")
    page.get_by_label("Password", exact=True).fill("a-long-password-of-dora")
    page.get_by_label("Password confirmation").fill("a-long-password-of-dora")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Draw or upload a number")).to_be_visible()
    draw(page, "7")
    page.get_by_role("button", name="Read and save").click()
    page.wait_for_url(ANSWER)
    expect(page).to_have_title(re.compile("^7 "))
    prediction = Prediction.objects.get()
    assert (prediction.owner.get_username(), prediction.text, prediction.upload.source) == ("dora", "7", "drawing")


def test_a_picture_is_pasted(alice_page: Page):
    alice_page.goto("/")
    paste(alice_page, digit_png(7))
    alice_page.wait_for_url(ANSWER)
    assert Upload.objects.get().source == "paste"


def test_a_pasted_picture_does_not_get_the_strokes_of_an_earlier_drawing(alice_page: Page):
    alice_page.goto("/")
    # The browser's back button leaves the strokes of an earlier drawing in the form.
    alice_page.locator("[name=strokes]").evaluate("(field, strokes) => { field.value = strokes; }", STROKES)
    paste(alice_page, digit_png(7))
    alice_page.wait_for_url(ANSWER)
    assert Upload.objects.get().strokes is None


def test_three_dropped_pictures_become_a_batch(alice_page: Page, worker):
    alice_page.goto("/")
    dropped = alice_page.evaluate_handle(FILES, named_files(*varied_pngs(3)))
    for event in ("dragover", "drop"):
        alice_page.dispatch_event("body", event, {"dataTransfer": dropped})  # anywhere on the page
    alice_page.wait_for_url(re.compile("/batches/.+"))
    expect(alice_page.locator("main").get_by_text("3 of 3 read")).to_be_visible()
    expect(alice_page.locator("[data-row]")).to_have_count(3)
    assert Batch.objects.get().items.count() == 3


def test_a_chosen_picture_is_shown_and_read_without_a_second_button(alice_page: Page, tmp_path: Path):
    (tmp_path / "seven.png").write_bytes(digit_png(7))
    alice_page.goto("/")
    # The page must not leave before the test has looked at it.
    alice_page.evaluate("() => document.addEventListener('submit', event => event.preventDefault())")
    alice_page.get_by_label("Choose files or drop them here").set_input_files(tmp_path / "seven.png")
    expect(alice_page.locator("[data-chosen] img")).to_be_visible()
    expect(alice_page.locator("[data-chosen]")).to_contain_text("Reading seven.png")
    alice_page.reload()
    alice_page.get_by_label("Choose files or drop them here").set_input_files(tmp_path / "seven.png")
    alice_page.wait_for_url(ANSWER)
    expect(alice_page).to_have_title(re.compile("^7 "))


def test_a_picture_that_is_chosen_before_the_script_has_arrived_is_read(alice_page: Page, tmp_path: Path):
    file = tmp_path / "seven.png"
    file.write_bytes(digit_png(7))
    requested: list[Route] = []
    alice_page.route("**/js/desk*.js", lambda route: requested.append(route))
    alice_page.goto("/", wait_until="commit")
    alice_page.locator("#image").set_input_files(file)
    while not requested:
        alice_page.wait_for_timeout(20)
    requested[0].continue_()
    alice_page.wait_for_url(ANSWER)
    assert Upload.objects.get().source == "upload"


@pytest.mark.parametrize("has_presets", [False, True])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_pad_settings_and_upload_stand_above_the_fold_in_this_order(
    alice_page: Page, alice: User, model, size, has_presets
):
    if has_presets:
        create_preset(owner=alice, name="Water meter", mode="number", fields={"digits": "5"})
    alice_page.set_viewport_size({"width": size[0], "height": size[1]})
    alice_page.goto("/")
    end = 0.0
    for part in (".pad", ".pad-tools", ".upload-settings", ".upload-ways"):
        box = alice_page.locator(part).bounding_box()
        assert box and end <= box["y"] and box["y"] + box["height"] <= size[1], (part, box)
        end = box["y"] + box["height"]


def test_an_example_is_read(alice_page: Page):
    alice_page.goto("/")
    alice_page.get_by_role("button", name="Read the example 7").click()
    alice_page.wait_for_url(ANSWER)
    expect(alice_page).to_have_title(re.compile("^7 "))


def test_a_double_click_on_an_example_reads_it_once_and_it_can_be_read_again(alice_page: Page):
    alice_page.goto("/")
    seven = alice_page.get_by_role("button", name="Read the example 7")
    assert len(press_twice(alice_page, seven, "**/examples/")) == 1
    alice_page.wait_for_url(ANSWER)
    assert Prediction.objects.count() == 1
    alice_page.go_back()
    alice_page.get_by_role("button", name="Read the example 1905").click()
    alice_page.wait_for_url(ANSWER)
    expect(alice_page).to_have_title(re.compile("^1905 "))


def test_an_example_whose_request_was_stopped_can_be_read(alice_page: Page):
    alice_page.goto("/")
    seven = alice_page.get_by_role("button", name="Read the example 7")
    with alice_page.expect_event("request", lambda request: request.is_navigation_request()):
        alice_page.route("**/examples/", lambda route: None)  # the request is never answered
        seven.click(no_wait_after=True)
    alice_page.context.new_cdp_session(alice_page).send("Page.stopLoading")
    alice_page.unroute("**/examples/")
    seven.click()
    alice_page.wait_for_url(ANSWER)


def test_a_double_click_reads_a_picture_again_once(alice_page: Page, seven: Prediction):
    alice_page.goto(f"/uploads/{seven.upload_id}/")
    alice_page.get_by_text("Details and actions").click()
    again = alice_page.get_by_role("button", name="Read again")
    assert len(press_twice(alice_page, again, "**/read-again/")) == 1
    expect(alice_page.get_by_text("All results for this picture")).to_be_attached()
    assert Prediction.objects.count() == 2


def test_an_unreadable_file_shows_an_error_and_keeps_the_drawing(alice_page: Page, tmp_path: Path):
    (tmp_path / "text.png").write_text("no picture")
    alice_page.goto("/")
    draw(alice_page, "7")
    alice_page.get_by_label("Choose files or drop them here").set_input_files(tmp_path / "text.png")
    expect(alice_page.get_by_role("alert")).to_contain_text("text.png: The file is damaged, or it is no picture.")
    expect(alice_page.locator("[data-preview] [data-status]")).to_have_attribute("data-status", re.compile("^7, "))


def test_a_heic_picture_shows_how_to_convert_it(alice_page: Page, tmp_path: Path):
    (tmp_path / "photo.heic").write_bytes(b"\x00\x00\x00\x18ftypheic")
    alice_page.goto("/")
    alice_page.get_by_label("Choose files or drop them here").set_input_files(tmp_path / "photo.heic")
    expect(alice_page.locator("main").get_by_text("Most Compatible")).to_be_visible()
    expect(alice_page).to_have_url(re.compile("/$"))
    assert not Upload.objects.exists()


def test_more_files_than_a_batch_holds_are_not_sent(alice_page: Page):
    alice_page.goto("/")
    chosen = alice_page.get_by_label("Choose files or drop them here")
    chosen.evaluate("input => { input.dataset.most = '2'; }")
    chosen.set_input_files([{"name": f"{n}.png", "mimeType": "image/png", "buffer": b"\x89PNG"} for n in range(3)])
    expect(alice_page.locator("main").get_by_text("Choose fewer.")).to_be_visible()
    expect(alice_page).to_have_url(re.compile("/$"))
    assert not Batch.objects.exists()


def test_without_javascript_pictures_can_be_uploaded_corrected_and_found_again(
    browser: Browser, alice: User, server: WebServer, tmp_path: Path
):
    (tmp_path / "seven.png").write_bytes(digit_png(7))
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    log_in(context, alice, server)
    page = context.new_page()
    page.goto("/")
    expect(page.locator("[data-pad]")).to_be_hidden()
    page.get_by_label("Choose files or drop them here").set_input_files(tmp_path / "seven.png")
    page.get_by_role("button", name="Upload and read").click()
    page.wait_for_url(ANSWER)
    expect(page).to_have_title(re.compile("^7 "))
    page.get_by_label("Number", exact=True).fill("1")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main").get_by_text("Corrected to 1")).to_be_visible()
    page.get_by_role("link", name="History").first.click()
    expect(page.locator("a.card")).to_contain_text("corrected")
    context.close()
