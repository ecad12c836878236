"""Helpers of the tests of corrections: predictions of given digits, and what the page shows and saves."""

import re

from playwright.sync_api import Page, Route, expect

from recognizer.models import Correction, Glyph, Prediction
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png


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
