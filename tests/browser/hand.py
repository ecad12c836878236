"""Helpers that draw on the pad with the mouse or with fingers."""

import re
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from recognizer.figures.drawings import HEIGHT, MARGIN, points_along, strokes_of, width_of

Point = tuple[float, float]
PAD = "[data-pad] canvas"


def strokes_in_box(text: str, box: tuple[float, float, float, float], steps: int = 6) -> Iterator[list[Point]]:
    """Yield the strokes of a text, scaled into a box (x, y, width, height) with unchanged proportions."""
    x, y, width, height = box
    scale = min(width / width_of(text), height / (HEIGHT + 2 * MARGIN))
    left = x + (width - scale * width_of(text)) / 2
    top = y + (height - scale * (HEIGHT + 2 * MARGIN)) / 2
    for stroke in strokes_of(text):
        yield [(left + scale * px, top + scale * py) for px, py in points_along(stroke, steps)]


def draw(page: Page, text: str, *, at: Point = (0.5, 0.5), size: float = 0.8) -> None:
    """Draw the text. `at` is its centre and `size` its height, as shares of the pad."""
    for stroke in strokes_in_box(text, place_on(pad_of(page), at, size)):
        draw_stroke(page, stroke)


def draw_stroke(page: Page, stroke: list[Point]) -> None:
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def pad_of(page: Page) -> dict[str, float]:
    pad = page.locator(PAD)
    pad.scroll_into_view_if_needed()
    expect(pad).to_be_visible()
    return box_of(pad)


def box_of(locator: Locator) -> dict[str, float]:
    box = locator.bounding_box()
    assert box is not None
    return dict(box)


def place_on(pad: dict[str, float], at: Point, size: float) -> tuple[float, float, float, float]:
    width, height = size * pad["width"], size * pad["height"]
    return (
        pad["x"] + at[0] * pad["width"] - width / 2,
        pad["y"] + at[1] * pad["height"] - height / 2,
        width,
        height,
    )


class Fingers:
    """Touch events of several fingers. Playwright itself can only tap."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.down: dict[int, Point] = {}

    def touch(self, finger: int, at: Point) -> None:
        self.down[finger] = at
        self.send("touchStart")

    def move(self, finger: int, to: Point) -> None:
        self.down[finger] = to
        self.send("touchMove")

    def lift(self, finger: int) -> None:
        del self.down[finger]
        # touchEnd ends all touches. One of several fingers is lifted by a move without it.
        self.send("touchMove" if self.down else "touchEnd")

    def send(self, kind: str) -> None:
        points: list[dict[str, Any]] = [{"x": x, "y": y, "id": finger} for finger, (x, y) in self.down.items()]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def draw(self, text: str, box: tuple[float, float, float, float]) -> None:
        for stroke in strokes_in_box(text, box):
            self.touch(0, stroke[0])
            for point in stroke[1:]:
                self.move(0, point)
            self.lift(0)


def press_twice(page: Page, button: Locator, address: str) -> list[Route]:
    """Press the button of a form twice before the server answers, and return the requests that were sent."""
    sent: list[Route] = []
    page.route(address, lambda route: sent.append(route))
    button.scroll_into_view_if_needed()
    box = box_of(button)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.dblclick(x, y, delay=200)
    page.wait_for_timeout(500)  # a second request would be under way
    sent[-1].continue_()
    page.unroute(address)
    return sent


class Pen:
    """Pointer events of a pen, which Playwright does not have."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)

    def draw(self, *points: Point) -> None:
        self.send("mousePressed", points[0])
        for point in points[1:]:
            self.send("mouseMoved", point)
        self.send("mouseReleased", points[-1])

    def send(self, kind: str, at: Point) -> None:
        event = {"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1, "pointerType": "pen"}
        self.session.send("Input.dispatchMouseEvent", event)


def tap_until(page: Page, button: Locator, url: re.Pattern[str]) -> None:
    """Tap the button until the page changes. On a slow machine, a tap may be taken for a long press and ignored."""
    for _ in range(3):
        button.tap()
        try:
            page.wait_for_url(url, timeout=10_000)
        except PlaywrightTimeoutError:
            continue
        return
    page.wait_for_url(url)


def expect_preview(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait until the preview shows the text, perhaps of an unfinished drawing."""
    expect(page.locator("[data-preview] [data-status]")).to_have_attribute("data-status", text)


def wait_for_preview(page: Page) -> None:
    """Wait until the preview shows the whole drawing."""
    expect(page.locator("[data-preview]")).to_have_attribute("aria-busy", "false")
