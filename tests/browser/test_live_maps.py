"""Live feature maps of all layers while the pen moves."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

POINTS = [(0.3, 0.25), (0.7, 0.25), (0.5, 0.55), (0.4, 0.8)]


def draw(page: Page, is_over: Callable[[], object]) -> None:
    """Draw a 7 slowly, then move back and forth until `is_over` is true. The pen is not lifted."""
    box = page.locator("canvas.pad").bounding_box()
    place = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in POINTS]
    page.mouse.move(*place[0])
    page.mouse.down()
    for point in place[1:]:
        page.mouse.move(*point, steps=5)
    deadline = time.monotonic() + 120
    turn = 0
    while not is_over():
        assert time.monotonic() < deadline
        turn += 1
        page.mouse.move(place[-1][0] + turn % 2, place[-1][1])
        page.wait_for_timeout(10)


def test_the_live_maps_follow_the_pen_and_nothing_is_stored(alice_page: Page, alice) -> None:
    page = alice_page
    page.goto("/")
    answers: list[float] = []
    page.on("response", lambda answer: answers.append(time.monotonic()) if "/preview/" in answer.url else None)
    maps = page.locator(".live-maps").first
    draw(page, maps.is_visible)  # the first requests load the model
    before = maps.inner_html()
    answers.clear()
    draw(page, lambda: len(answers) > 5)
    rate = len(answers) / (answers[-1] - answers[0])
    print(f"live maps: {rate:.1f} updates a second")
    page.mouse.up()
    expect(maps).to_be_visible()
    assert maps.inner_html() != before
    expect(page.locator(".live-maps")).to_have_count(9)
    assert (maps.locator(".live-mark").get_attribute("d") or "").count("M") == 3
    assert alice.uploads.count() == 0


def test_clearing_the_pad_removes_the_live_maps(alice_page: Page) -> None:
    page = alice_page
    page.goto("/")
    draw(page, page.locator(".live-maps").first.is_visible)
    page.mouse.up()
    expect(page.locator(".live-maps").first).to_be_visible()
    page.locator("[data-action=clear]").click()
    expect(page.locator(".preview-maps")).to_have_count(0)


def test_on_a_phone_the_layers_are_folded_until_they_are_opened(alice_page: Page) -> None:
    page = alice_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    layers = page.locator("[data-live-layers]")
    draw(page, layers.is_visible)
    page.mouse.up()
    expect(page.locator("[data-preview]")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".live-maps")).to_have_count(0)
    layers.locator("summary").click()
    expect(page.locator(".live-maps")).to_have_count(9)
    page.reload()  # the choice is kept, as the drawing is
    expect(page.locator(".live-maps")).to_have_count(9)
    layers.locator("summary").click()
    page.reload()
    expect(layers).to_be_visible()
    expect(page.locator(".live-maps")).to_have_count(0)
