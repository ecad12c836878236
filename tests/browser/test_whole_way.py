"""The way of one picture through the pages: uploaded, read, explained and found in the history."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.pictures import digit_png

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_picture_is_read_its_maps_appear_without_a_reload_and_it_is_in_the_history(
    alice_page: Page, worker, tmp_path: Path
):
    (tmp_path / "seven.png").write_bytes(digit_png(7))
    alice_page.goto("/")
    alice_page.get_by_label("Choose files or drop them here").set_input_files(tmp_path / "seven.png")
    alice_page.wait_for_url(re.compile(r"/uploads/.+"))
    expect(alice_page).to_have_title(re.compile("^7"))
    alice_page.evaluate("window.isStillHere = true")
    alice_page.get_by_text("Feature maps", exact=True).click()
    expect(alice_page.locator("img[src*='/feature-maps/']").first).to_be_visible()

    assert alice_page.evaluate("window.isStillHere") is True

    answer = alice_page.url
    alice_page.goto("/history/")
    alice_page.locator(f"a[href='{urlsplit(answer).path}']").first.click()
    expect(alice_page).to_have_url(answer)
