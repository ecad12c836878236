"""Presets in a real browser: on a phone without JavaScript, and in the preview of a drawing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from recognizer.figures.drawings import draw_png
from recognizer.models import Batch, Prediction, Preset, Upload
from recognizer.services.reading.presets import create_preset
from tests.browser.fixtures import log_in

pytestmark = pytest.mark.browser
NUMBER = {"name": "1905.png", "mimeType": "image/png", "buffer": draw_png("1905")}


@pytest.fixture
def plain_phone(browser: Browser, alice, model, server) -> Iterator[Page]:
    """A phone of 390 px whose browser runs no JavaScript."""
    context = browser.new_context(
        base_url=server.url, viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    log_in(context, alice, server)
    yield context.new_page()
    context.close()


def test_a_preset_is_created_tried_and_used_on_a_phone_without_javascript(plain_phone: Page):
    page = plain_phone
    page.goto("/account/presets/")
    page.get_by_role("link", name="New preset").click()
    page.get_by_label("Name").fill("Water meter")
    page.get_by_label("Mode", exact=True).select_option("number")
    page.get_by_label("Number of digits").fill("five")
    page.get_by_role("button", name="Save preset").click()
    expect(page.locator(".errorlist")).to_have_text("Write a number such as 5, or two such as 3-6.")

    page.get_by_label("Number of digits").fill("5")
    page.get_by_label("Picture", exact=True).set_input_files([NUMBER])
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("status", name="Tried, and not stored")).to_contain_text("It has 4 digits.")
    assert not Preset.objects.exists()

    page.get_by_label("Number of digits").fill("4")
    page.get_by_role("button", name="Save preset").click()
    expect(page.get_by_text("“Water meter” saved.")).to_be_visible()
    page.get_by_role("link", name="Read a picture with Water meter").click()
    expect(page.get_by_label("Preset")).to_have_value("Water meter")
    page.get_by_label("Previous value").fill("9990")
    page.get_by_label("Choose files").set_input_files([NUMBER])
    page.get_by_role("button", name="Upload and read").click()
    expect(page.get_by_text("It cannot follow the previous value 9990.")).to_be_visible()
    prediction = Prediction.objects.get()
    assert (prediction.preset_name, prediction.reason) == ("Water meter", "unexpected")
    assert Upload.objects.count() == 1


def test_a_preset_that_is_made_from_the_desk_is_chosen_there_and_stays_chosen(alice, model, alice_page: Page):
    alice_page.goto("/")
    alice_page.get_by_role("link", name="Say what you expect").click()
    alice_page.get_by_label("Name").fill("Meter & more")
    alice_page.get_by_label("Mode", exact=True).select_option("number")
    alice_page.get_by_label("Number of digits").fill("4")
    alice_page.get_by_role("button", name="Save preset").click()
    expect(alice_page.get_by_role("heading", name="Draw or upload a number")).to_be_visible()
    preset, number = alice_page.get_by_label("Preset"), alice_page.get_by_role("radio", name="A number")
    expect(preset).to_have_value("Meter & more")
    alice_page.get_by_label("Choose files or drop them here").set_input_files([NUMBER])
    alice_page.wait_for_url("**/uploads/**")
    alice_page.get_by_role("link", name="Read another").click()
    expect(preset).to_have_value("Meter & more")
    expect(number).to_be_checked()
    expect(number).to_be_disabled()
    preset.select_option("")
    alice_page.reload()
    expect(preset).to_have_value("")
    expect(number).to_be_enabled()


def test_the_page_stays_in_place_when_a_preset_is_chosen(alice, model, alice_page: Page):
    create_preset(owner=alice, name="Water meter", mode="number", fields={"digits": "4"})
    alice_page.goto("/")
    alice_page.get_by_role("radio", name="One digit").check()
    upload = alice_page.locator(".upload-ways")
    place = upload.bounding_box()
    alice_page.get_by_label("Preset").select_option("Water meter")
    expect(alice_page.get_by_role("radio", name="A number")).to_be_checked()
    expect(alice_page.get_by_text("Mode, set by the preset:")).to_be_visible()
    expect(alice_page.get_by_role("radio", name="One digit")).to_be_hidden()
    assert upload.bounding_box() == place
    alice_page.get_by_label("Preset").select_option("")
    expect(alice_page.get_by_role("radio", name="One digit")).to_be_checked()
    expect(alice_page.get_by_text("Mode, set by the preset:")).to_be_hidden()


def test_the_preview_of_a_drawing_is_read_with_the_chosen_preset(alice, model, alice_page: Page):
    create_preset(owner=alice, name="Many digits", fields={"digits": "9"})
    alice_page.goto("/")
    pad = alice_page.locator("canvas.pad")
    box = pad.bounding_box()
    assert box is not None
    alice_page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    alice_page.mouse.down()
    alice_page.mouse.move(box["x"] + box["width"] / 2 - 10, box["y"] + box["height"] - 60, steps=8)
    alice_page.mouse.up()
    expect(alice_page.locator("[data-preview-content] .preview-answer")).to_be_visible()
    expect(alice_page.get_by_text("does not look like what you expect")).to_have_count(0)
    alice_page.get_by_label("Preset").select_option("Many digits")
    expect(alice_page.get_by_text("does not look like what you expect")).to_be_visible()


def test_several_files_are_sent_with_the_chosen_preset_and_previous_value(alice, model, alice_page: Page):
    preset = create_preset(owner=alice, name="Water meter", mode="number", fields={"digits": "4"})
    alice_page.goto("/")
    alice_page.get_by_label("Preset").select_option("Water meter")
    alice_page.get_by_label("Previous value").fill("1900")
    files = [{**NUMBER, "name": f"{number}.png"} for number in range(2)]
    alice_page.get_by_label("Choose files or drop them here").set_input_files(files)
    expect(alice_page.get_by_text("Preset Water meter: 4 digits, not below the previous value 1900")).to_be_visible()
    batch = Batch.objects.get()
    assert (batch.preset, batch.mode, batch.expected_fields) == (preset, "number", {"digits": "4", "previous": "1900"})
