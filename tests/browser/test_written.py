"""Correcting numbers with signs and lines in a real browser."""

from dataclasses import replace

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from recognizer.models import Correction
from tests.readings import make_reading, store_reading

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_cursor_starts_at_the_least_certain_digit(alice, alice_page: Page, model):
    prediction = store_reading(make_reading("-19.05", decision="unsure", confidence=0.6, doubtful=2), owner=alice)
    alice_page.goto(reverse("upload_detail", args=[prediction.upload_id]))

    expect(alice_page.locator(".cell.is-selected")).to_have_attribute("id", "cell-3")
    alice_page.keyboard.press("8")
    alice_page.keyboard.press("Enter")

    expect(alice_page.locator(".current-correction strong")).to_have_text("-19.85")
    assert Correction.objects.get().text == "1985"


def test_signs_and_lines_are_typed_into_one_field(alice, alice_page: Page, model):
    prediction = store_reading(make_reading("12.5\n-34"), owner=alice)
    alice_page.goto(reverse("upload_detail", args=[prediction.upload_id]))
    alice_page.get_by_text("Edit as text").click()
    alice_page.get_by_label("Number with signs").fill("12.5\n+34\n7")
    alice_page.get_by_role("button", name="Save", exact=True).click()

    expect(alice_page.locator(".written-lines li")).to_have_count(3)
    assert Correction.objects.get().written == "12.5\n+34\n7"


def test_the_cursor_starts_in_the_line_that_is_not_sure(alice, alice_page: Page, model):
    reading = make_reading("12\n34", decision="unsure")
    glyphs = tuple(replace(glyph, confidence=0.999) for glyph in reading.glyphs)  # no digit by itself is in doubt
    first, second = reading.lines
    lines = (replace(first, decision="read", glyphs=glyphs[:2]), replace(second, glyphs=glyphs[2:]))
    prediction = store_reading(replace(reading, glyphs=glyphs, lines=lines), owner=alice)
    alice_page.goto(reverse("upload_detail", args=[prediction.upload_id]))
    expect(alice_page.locator("input.cell.is-selected")).to_have_id("cell-3")
