"""The admin in a browser: accessibility in both themes, width on a phone, and the console."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from recognizer.services.history import corrections
from recognizer.services.reading.predictions import create_prediction
from tests.browser.fixtures import log_in
from tests.browser.test_every_page import FIND_LOST_CONTROLS, accessibility_violations
from tests.pictures import digit_png

pytestmark = pytest.mark.browser


@pytest.fixture
def admin_page(page: Page, admin, server) -> Page:
    log_in(page.context, admin, server)
    return page


@pytest.fixture
def pages(alice, model) -> dict[str, str]:
    """Return the addresses of the first page, of lists with filters and of rows, each with some content."""
    for seed in range(6):
        prediction = create_prediction(owner=alice, data=digit_png(seed, seed=seed), source="upload", draw_maps=True)
        corrections.correct(prediction=prediction, by=alice, kind="confirm")
    lists = ("upload", "prediction", "glyph", "correction", "modelversion", "job", "stream")
    return {name: reverse(f"admin:recognizer_{name}_changelist") for name in lists} | {
        "index": reverse("admin:index"),
        "users": reverse("admin:auth_user_changelist"),
        "one prediction": reverse("admin:recognizer_prediction_change", args=[prediction.pk]),
        "one upload": reverse("admin:recognizer_upload_change", args=[prediction.upload_id]),
        "one model": reverse("admin:recognizer_modelversion_change", args=[prediction.model_id]),
        "one user": reverse("admin:auth_user_change", args=[alice.pk]),
    }


def test_axe_finds_nothing_keys_reach_all_and_no_page_of_the_admin_scrolls_sideways(admin_page: Page, pages):
    errors: list[str] = []
    admin_page.on(
        "console",
        lambda message: errors.append(message.text) if message.type == "error" else None,
    )
    for name, path in pages.items():
        admin_page.goto(path)
        admin_page.wait_for_load_state("load")
        admin_page.keyboard.press("Tab")  # from now on the browser shows the focus
        assert admin_page.evaluate(FIND_LOST_CONTROLS) == [], name
        # Without preloading: a style sheet of Django's forms imports another one, and the policy forbids the copy.
        assert accessibility_violations(admin_page, preload=False) == [], name
        for width in (1280, 640, 390, 320):
            admin_page.set_viewport_size({"width": width, "height": 800})
            assert admin_page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
    assert errors == []


def test_a_filter_is_a_menu_that_narrows_the_list(admin_page: Page, pages):
    admin_page.goto(pages["prediction"])
    expect(admin_page.locator("#result_list tbody tr")).to_have_count(6)
    admin_page.locator("summary", has_text="Decision").click()
    admin_page.get_by_role("link", name="no digit").click()
    expect(admin_page.get_by_text("No prediction matches these filters.")).to_be_visible()
    admin_page.get_by_role("link", name="Show all").click()
    expect(admin_page.locator("#result_list tbody tr")).to_have_count(6)
