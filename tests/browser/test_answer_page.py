"""The page of an answer: its height, its shortcuts, copying, and the way to other pictures."""

import json
import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from recognizer.figures.drawings import draw_png
from recognizer.models import Prediction
from recognizer.services.reading.predictions import create_prediction
from tests.readings import make_reading, store_reading

pytestmark = pytest.mark.browser


@pytest.fixture
def five_digits(alice, model) -> Prediction:
    """Return an unsure number of five digits with a sign, on a picture of the pad's proportions."""
    return store_reading(make_reading("-190.52", decision="unsure", confidence=0.801, doubtful=2), owner=alice)


def height_of(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollHeight")


@pytest.mark.parametrize(("size", "most"), [((1280, 800), 1100), ((390, 844), 1700)])
def test_the_answer_of_a_five_digit_number_needs_little_scrolling(alice_page: Page, five_digits, size, most):
    alice_page.set_viewport_size({"width": size[0], "height": size[1]})
    alice_page.goto(reverse("upload_detail", args=[five_digits.upload_id]))
    alice_page.wait_for_load_state("load")
    assert height_of(alice_page) <= most
    for part in (".answer-number svg", ".answer .confidence"):  # seen without scrolling
        box = alice_page.locator(part).bounding_box()
        assert box and box["y"] + box["height"] <= size[1], part


def test_the_doubtful_digit_is_marked_in_its_box_its_cell_and_its_card(alice_page: Page, five_digits):
    alice_page.goto(reverse("upload_detail", args=[five_digits.upload_id]))
    for mark, attribute in ((".boxes", "data-box"), (".cells", "data-cell"), (".glyphs", "data-card")):
        for state in (".is-doubtful", ".is-selected"):
            expect(alice_page.locator(f"{mark} {state}")).to_have_attribute(attribute, "2")
    expect(alice_page.locator(".answer .confidence")).to_have_text(re.compile(r"Not sure, 80\.1\s%\s+\(needs"))


def test_feature_maps_are_folded_and_lead_to_the_explorer(alice_page: Page, alice, model, worker):
    prediction = create_prediction(owner=alice, data=draw_png("7"), source="drawing", mode="digit", draw_maps=True)
    alice_page.goto(reverse("upload_detail", args=[prediction.upload_id]))
    tile = alice_page.locator(".map").first
    expect(tile).to_be_hidden()
    alice_page.get_by_text("Feature maps", exact=True).click()
    expect(tile).to_be_visible()
    sizes = alice_page.locator(".map img").evaluate_all(
        "all => all.map(each => [each.offsetWidth, each.offsetHeight].join())"
    )
    assert len(set(sizes)) == 1, sizes
    tile.click()
    expect(alice_page).to_have_url(re.compile("/network/conv1/$"))


def test_the_answer_is_copied_as_text_and_as_json(alice_page: Page, five_digits):
    alice_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    alice_page.goto(reverse("upload_detail", args=[five_digits.upload_id]))
    alice_page.get_by_role("button", name="Copy text").click()
    expect(alice_page.get_by_text("Copied.")).to_be_visible()
    assert alice_page.evaluate("navigator.clipboard.readText()") == "-190.52"
    alice_page.reload()
    alice_page.get_by_role("link", name="Copy JSON").click()
    expect(alice_page.get_by_text("Copied.")).to_be_visible()
    copied = json.loads(alice_page.evaluate("navigator.clipboard.readText()"))
    assert copied["written"] == "-190.52"
    assert copied["id"] == str(five_digits.pk)


def test_keys_lead_to_other_pictures_and_show_their_list(alice_page: Page, alice, model):
    older = store_reading(make_reading("1"), owner=alice)
    newer = store_reading(make_reading("2"), owner=alice)
    alice_page.goto(reverse("upload_detail", args=[newer.upload_id]))
    shortcuts = alice_page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts).to_have_count(0)
    alice_page.keyboard.press("?")
    expect(shortcuts).to_contain_text("Newer or older picture")
    alice_page.keyboard.press("Escape")
    expect(shortcuts).to_have_count(0)
    script = alice_page.get_by_role("button", name="Shortcuts ?")  # shown once the keys work
    for key, shown in (("k", older), ("j", newer)):
        alice_page.keyboard.press(key)
        expect(alice_page).to_have_url(re.compile(f"/uploads/{shown.upload_id}/$"))
        expect(script).to_be_visible()
    alice_page.keyboard.press("r")
    expect(alice_page).to_have_url(re.compile(r"^\w+://[^/]+/$"))
