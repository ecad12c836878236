"""The explorer in a browser: by mouse, keyboard, touch and link."""

import io
import re
from base64 import b64decode

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from mlcore.artifact import SHIPPED, load_artifact
from recognizer.services.history.corrections import correct
from recognizer.services.reading.predictions import create_prediction
from tests.browser.corrections import hold_requests, next_request
from tests.browser.fixtures import log_in
from tests.pictures import digit_png
from tests.servers.process import wait_until

pytestmark = pytest.mark.browser

# The beginning of a function in the page that counts its requests, of which a delayed one would be counted too late.
COUNT_REQUESTS = """async () => {
            const { fetch } = window;
            let requests = 0;
            window.fetch = (...given) => {
                requests += 1;
                return fetch(...given);
            };"""

LAYERS = {layer.name: layer.shape for layer in load_artifact(SHIPPED).card.networks["digit"].layers}


@pytest.fixture
def glyph(alice, model):
    return create_prediction(owner=alice, data=digit_png(7, seed=3), source="upload", mode="digit").glyphs.get()


@pytest.fixture
def explorer(alice_page: Page, glyph) -> Page:
    alice_page.goto(f"/glyphs/{glyph.pk}/network/")
    # A full page load loses this variable.
    alice_page.evaluate("window.wasNotReloaded = true")
    return alice_page


def announced(page: Page) -> Locator:
    """Return the element whose changes screen readers read aloud."""
    return page.locator("[data-announcer]")


def open_layer(page: Page, name: str) -> None:
    page.locator(f"#layer-tile-{name}").click()
    expect(page.locator("#layer-title")).to_have_text(name)


def colours(page: Page, selector: str) -> int:
    """Return the number of colours that a part of the page shows."""
    from PIL import Image

    shown = Image.open(io.BytesIO(page.locator(selector).first.screenshot())).convert("RGB")
    return len(shown.getcolors(1 << 24))


def test_every_layer_opens_with_its_maps_without_a_reload(explorer):
    for name in LAYERS:
        open_layer(explorer, name)
        expect(explorer).to_have_url(re.compile(f"/network/{name}/$"))
        expect(explorer.locator(f"#layer-tile-{name}")).to_have_attribute("aria-current", "true")
        expect(announced(explorer)).to_have_text(name)
        wait_until(lambda: colours(explorer, ".tiles .tile .cells") > 5, seconds=60, what=f"the maps of {name}")
    assert explorer.evaluate("window.wasNotReloaded") is True


def test_a_channel_is_followed_back_to_the_picture(explorer):
    open_layer(explorer, "conv4")
    explorer.locator(".tiles .tile").first.click()
    expect(explorer.locator("#channel-title")).to_contain_text("conv4, channel")
    for name in ("conv3", "pool1"):
        explorer.locator(".contribution .tile").first.click()
        expect(explorer.locator("#channel-title")).to_contain_text(f"{name}, channel")
    explorer.locator("#pooled").click()
    expect(explorer.locator("#channel-title")).to_contain_text("conv2, channel")
    explorer.locator(".contribution .tile").first.click()
    expect(explorer.locator("#channel-title")).to_contain_text("conv1, channel")
    expect(explorer.get_by_text("Contribution of the picture to this cell")).to_be_visible()
    mark = explorer.locator(".original .mark").bounding_box()
    picture = explorer.locator(".original").bounding_box()
    # Three cells of the 28, somewhere on the picture.
    assert 0.05 < mark["width"] / picture["width"] < 0.2
    assert picture["x"] <= mark["x"] < picture["x"] + picture["width"]
    explorer.go_back()
    expect(explorer.locator("#channel-title")).to_contain_text("conv2, channel")


def test_a_click_and_arrow_keys_select_a_cell(explorer):
    open_layer(explorer, "conv3")
    explorer.locator("#tile-5").click()
    expect(explorer.locator("#channel-title")).to_have_text("conv3, channel 5")
    cells = explorer.locator("#channel-map")
    box = cells.bounding_box()
    cell = box["width"] / 14
    cells.click(position={"x": 3.5 * cell, "y": 9.5 * cell})
    expect(explorer).to_have_url(re.compile(r"at=9(,|%2C)3$"))
    expect(explorer.locator("#channel-map")).to_have_attribute("data-row", "9")
    explorer.locator("#channel-map").focus()
    explorer.keyboard.press("ArrowRight")
    expect(explorer).to_have_url(re.compile(r"at=9(,|%2C)4$"))
    expect(explorer.locator("#channel-map")).to_be_focused()
    expect(announced(explorer)).to_have_text(re.compile(r"^conv3, channel 5 Marked: the selected cell, \d\.\d\d\.$"))
    explorer.keyboard.press("ArrowUp")
    expect(explorer).to_have_url(re.compile(r"at=8(,|%2C)4$"))
    explorer.locator("#strongest").click()
    expect(explorer.locator("main").get_by_text("Marked: the strongest response,")).to_be_visible()


def test_everything_works_with_the_keyboard_alone(explorer):
    explorer.locator("#layer-tile-conv1").focus()
    explorer.keyboard.press("ArrowRight")
    expect(explorer.locator("#layer-tile-conv2")).to_be_focused()
    explorer.keyboard.press("Enter")
    expect(explorer.locator("#layer-title")).to_have_text("conv2")
    expect(explorer.locator("#layer-tile-conv2")).to_be_focused()
    first, second = explorer.locator(".tiles .tile").nth(0), explorer.locator(".tiles .tile").nth(1)
    first.focus()
    explorer.keyboard.press("ArrowRight")
    expect(second).to_be_focused()
    explorer.keyboard.press("ArrowDown")
    explorer.keyboard.press("ArrowUp")
    expect(second).to_be_focused()
    explorer.keyboard.press("Enter")
    title = explorer.locator("#channel-title")
    expect(title).to_be_visible()
    opened = title.inner_text()
    explorer.locator("#close").focus()
    explorer.keyboard.press("ArrowRight")
    expect(title).not_to_have_text(opened)
    explorer.keyboard.press("ArrowLeft")
    expect(title).to_have_text(opened)
    explorer.keyboard.press("Escape")
    expect(title).to_have_count(0)


def test_the_numbers_follow_the_mouse_until_a_cell_is_clicked(explorer, glyph):
    explorer.goto(f"/glyphs/{glyph.pk}/numbers/conv3/5/")
    cells = explorer.locator("#channel-map")
    width = cells.bounding_box()["width"] / 14
    cells.hover(position={"x": 3.5 * width, "y": 9.5 * width})
    expect(cells).to_have_attribute("data-row", "9")
    expect(cells).to_have_attribute("data-column", "3")
    expect(explorer).to_have_url(re.compile(r"at=9(,|%2C)3$"))
    opened: list[Route] = []
    explorer.route("**/numbers/**", lambda route: opened.append(route), times=1)
    cells.hover(position={"x": 4.5 * width, "y": 9.5 * width})
    explorer.mouse.down()
    next_request(opened, explorer).continue_()
    expect(cells).to_have_attribute("data-column", "4")  # this map has replaced the pressed one
    explorer.mouse.up()
    cells.hover(position={"x": 8.5 * width, "y": 2.5 * width})
    explorer.wait_for_timeout(300)
    expect(cells).to_have_attribute("data-column", "4")  # the clicked cell stays
    explorer.locator("#step-logits").click()
    expect(explorer.locator("#channel-title")).to_contain_text(f"The score of {glyph.digit}")
    expect(announced(explorer)).to_have_text(re.compile(rf"^The score of {glyph.digit} = \d\.\d{{4}}$"))


def test_the_numbers_move_over_the_map_until_they_are_stopped(explorer, glyph):
    explorer.goto(f"/glyphs/{glyph.pk}/numbers/pool2/5/?at=0,5")
    explorer.locator("#play").click()
    expect(explorer.locator("#channel-map")).to_have_attribute("data-row", "1")
    explorer.locator("#play").click()
    expect(explorer.locator("#play")).to_have_text("Play through the cells")
    stopped = explorer.locator("#channel-map").get_attribute("data-column")
    explorer.wait_for_timeout(1000)
    assert abs(int(explorer.locator("#channel-map").get_attribute("data-column")) - int(stopped)) <= 1


def test_drawing_on_the_cells_changes_the_answer_and_undo_brings_it_back(explorer, glyph):
    explorer.goto(f"/glyphs/{glyph.pk}/what-if/")
    canvas, result = explorer.locator("[data-canvas]"), explorer.locator("[data-result]")
    expect(canvas).to_be_visible()
    expect(result).to_contain_text("Nothing is changed yet.")
    explorer.get_by_role("button", name="Eraser").click()
    box = canvas.bounding_box()
    explorer.mouse.move(box["x"] + 20, box["y"] + 0.3 * box["height"])
    explorer.mouse.down()
    for row in (0.3, 0.4, 0.5, 0.6, 0.7):
        explorer.mouse.move(box["x"] + box["width"] - 20, box["y"] + row * box["height"], steps=8)
        explorer.mouse.move(box["x"] + 20, box["y"] + (row + 0.05) * box["height"], steps=8)
    explorer.mouse.up()
    expect(result).to_contain_text("Ink removed:")
    expect(explorer.locator("[data-what-if-status]")).not_to_be_empty()
    explorer.get_by_role("button", name="Undo").click()
    expect(result).to_contain_text("Nothing is changed yet.")


def test_a_repair_is_shown_on_the_cells_and_undone(explorer, glyph):
    explorer.goto(f"/glyphs/{glyph.pk}/what-if/")
    expect(explorer.locator("[data-canvas]")).to_be_visible()
    explorer.locator("#to").select_option("1")
    explorer.get_by_role("button", name="Find a small change").click()
    expect(explorer.locator("[data-result]")).to_contain_text("This change makes it a 1.")
    expect(explorer.locator("[data-what-if-status]")).to_contain_text("Read as 1")
    outlines = explorer.locator("[data-outlines] .mark")
    expect(outlines.first).to_be_visible()
    explorer.get_by_role("button", name="Undo").click()
    expect(explorer.locator("[data-result]")).to_contain_text("Nothing is changed yet.")
    expect(outlines).to_have_count(0)


def test_the_cells_are_changed_with_the_keyboard(explorer, glyph):
    explorer.goto(f"/glyphs/{glyph.pk}/what-if/")
    explorer.locator("[data-canvas]").focus()
    for key in ("ArrowLeft", "ArrowUp", "Space"):
        explorer.keyboard.press(key)
    expect(explorer.locator("[data-result]")).to_contain_text("Ink added:")


CELLS_OF = """() => {
  const canvas = document.querySelector("[data-canvas]");
  const { data } = canvas.getContext("2d").getImageData(0, 0, 28, 28);
  return btoa(String.fromCharCode(...Array.from({ length: 784 }, (_, cell) => data[4 * cell])));
}"""


def test_what_is_drawn_during_a_search_is_kept_and_answered(explorer, glyph):
    explorer.goto(f"/glyphs/{glyph.pk}/what-if/")
    canvas, result = explorer.locator("[data-canvas]"), explorer.locator("[data-result]")
    expect(canvas).to_be_visible()
    before = explorer.evaluate(CELLS_OF)
    explorer.locator("#to").select_option("1")
    searches = hold_requests(explorer, "**/repair/**")
    explorer.get_by_role("button", name="Find a small change").click()
    search = next_request(searches, explorer)
    box = canvas.bounding_box()
    explorer.mouse.move(box["x"] + 20, box["y"] + 20)
    explorer.mouse.down()
    search.continue_()
    expect(explorer.locator("[data-what-if]")).to_have_attribute("aria-busy", "false")
    explorer.mouse.move(box["x"] + 60, box["y"] + 20, steps=4)
    explorer.mouse.up()
    expect(result).to_contain_text("Ink added:")
    expect(explorer.locator("[data-what-if]")).to_have_attribute("aria-busy", "false")
    canvas.blur()
    drawn = explorer.evaluate(CELLS_OF)
    assert drawn != before
    elsewhere = [cell for cell in range(28 * 28) if cell % 28 >= 10]  # the stroke is on the left
    changed = [cell for cell in elsewhere if b64decode(drawn)[cell] != b64decode(before)[cell]]
    assert changed == []  # the search has changed nothing
    expect(result.locator("[data-cells]")).to_have_attribute("data-cells", drawn)
    expect(result).not_to_contain_text("This change makes it")


def test_the_end_of_a_session_keeps_what_was_drawn(explorer, alice, server, glyph):
    explorer.goto(f"/glyphs/{glyph.pk}/what-if/")
    canvas, result = explorer.locator("[data-canvas]"), explorer.locator("[data-result]")
    expect(canvas).to_be_visible()
    explorer.context.clear_cookies()
    canvas.focus()
    for key in ("ArrowLeft", "ArrowUp", "Space"):
        explorer.keyboard.press(key)
    expect(explorer.get_by_role("alert")).to_contain_text("You are logged out.")
    expect(result).to_be_empty()  # it was the answer for other cells
    with explorer.expect_response("**/network/"):  # refused before the person logs in again
        explorer.locator(".explorer-nav a").first.click()
    expect(explorer.get_by_role("alert")).to_be_visible()
    expect(canvas).to_be_visible()
    log_in(explorer.context, alice, server)
    canvas.focus()
    explorer.keyboard.press("ArrowRight")
    explorer.keyboard.press("Space")
    expect(result).to_contain_text("Ink added:")
    expect(explorer.get_by_role("alert")).to_be_hidden()


def test_each_stroke_is_sent_at_once_and_answered(explorer, glyph):
    explorer.goto(f"/glyphs/{glyph.pk}/what-if/")
    expect(explorer.locator("[data-canvas]")).to_be_visible()
    sent = explorer.evaluate(
        COUNT_REQUESTS
        + """
            const canvas = document.querySelector("[data-canvas]");
            const result = document.querySelector("[data-result]");
            const sent = [];
            for (let turn = 0; turn < 8; turn += 1) {
                canvas.focus();
                canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
                const answered = new Promise((done) => {
                    new MutationObserver(done).observe(result, { childList: true });
                });
                canvas.dispatchEvent(new KeyboardEvent("keydown", { key: " " }));
                sent.push(requests);
                await answered;
            }
            return sent;
        }"""
    )
    assert sent == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_tap_selects_a_cell(browser, server, alice, glyph):
    from tests.browser.fixtures import log_in

    context = browser.new_context(base_url=server.url, has_touch=True, viewport={"width": 390, "height": 844})
    log_in(context, alice, server)
    page = context.new_page()
    page.goto(f"/glyphs/{glyph.pk}/network/conv3/5/")
    box = page.locator("#channel-map").bounding_box()
    page.locator("#channel-map").tap(position={"x": box["width"] * 0.5 / 14, "y": box["width"] * 1.5 / 14})
    expect(page).to_have_url(re.compile(r"at=1(,|%2C)0$"))
    # The page itself never scrolls sideways, however many layers there are.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_a_deep_link_works_without_script(browser, server, alice, glyph):
    from tests.browser.fixtures import log_in

    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    log_in(context, alice, server)
    page = context.new_page()
    page.goto(f"/glyphs/{glyph.pk}/network/conv2/3/?order=number&at=10,20")
    assert page.locator("#channel-title").inner_text() == "conv2, channel 3"
    assert page.locator("#channel-map").get_attribute("data-column") == "20"
    page.locator("#next").click()
    assert page.locator("#channel-title").inner_text() == "conv2, channel 4"
    context.close()


def test_the_explanation_shows_both_maps_on_the_picture(alice_page, glyph):
    alice_page.goto(f"/uploads/{glyph.prediction.upload_id}/")
    alice_page.get_by_role("link", name="Why this digit").click()  # in sight: nothing is unfolded
    expect(alice_page.locator(".reason")).to_contain_text(f"{glyph.digit} at ")
    alice_page.wait_for_load_state("networkidle")
    expect(alice_page.locator(".reasons .original")).to_have_count(4)
    assert colours(alice_page, ".reasons .original") > 50


def test_two_predictions_are_compared_side_by_side(explorer, alice, glyph):
    create_prediction(owner=alice, data=digit_png(4), source="upload", mode="digit")
    explorer.get_by_role("link", name="Compare").click()
    explorer.locator(".other-glyphs .tile").click()
    expect(explorer.locator(".pair")).to_have_count(LAYERS["conv1"][2])
    explorer.locator("#layer-conv3").click()
    expect(explorer.locator(".pair")).to_have_count(LAYERS["conv3"][2])
    expect(announced(explorer)).to_have_text("Compare two digits, layer by layer Layer conv3")
    explorer.wait_for_load_state("networkidle")
    left, right = (explorer.locator(".pair .cells").nth(place) for place in (0, 1))
    assert left.screenshot() != right.screenshot()


def test_alike_digits_are_announced_with_what_was_found(explorer, alice, model, glyph):
    title = "What looks like this digit to the network"
    none_confirmed = "You have not confirmed or corrected another digit yet. Those that you do appear here."
    one_confirmed = "Compared with the one digit that you confirmed or corrected."
    four = create_prediction(owner=alice, data=digit_png(4), source="upload", mode="digit")
    for own in (none_confirmed, one_confirmed):
        explorer.get_by_role("link", name="Like what").click()
        # The server may have training digits of an earlier test: it asks for them every 30 seconds.
        trained = explorer.locator("#training-title ~ [data-announce]").inner_text()
        assert re.match(rf"Of the 8 training digits|The training digits of {model.version} are not stored", trained)
        expect(announced(explorer)).to_contain_text(f"{title} {trained} {own}")
        explorer.get_by_role("link", name="Layers").click()
        expect(announced(explorer)).to_have_text("conv1")
        if own == none_confirmed:
            correct(prediction=four, by=alice, kind="confirm")
    assert explorer.evaluate("window.wasNotReloaded") is True


def test_a_click_asks_for_a_layer_at_once(explorer):
    explorer.wait_for_load_state("networkidle")
    sent = explorer.evaluate(
        COUNT_REQUESTS
        + """
            const sent = [];
            for (const name of ["conv4", "pool2", "conv6", "conv2", "conv5"]) {
                document.getElementById(`layer-tile-${name}`).click();
                sent.push(requests);
                while (document.getElementById("layer-title").textContent !== name)
                    await new Promise((done) => setTimeout(done, 2));
                const image = new Image();
                image.src = document.querySelector(".tiles image").href.baseVal;
                await image.decode();
            }
            return sent;
        }"""
    )
    assert sent == [1, 2, 3, 4, 5]
