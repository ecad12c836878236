"""The history: filters, selection, bulk actions, deletion and restoring."""

import csv
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from recognizer.models import Correction, Upload
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space.purge import purge
from tests.browser.fixtures import log_in
from tests.pictures import digit_png
from tests.servers.web import WebServer

pytestmark = pytest.mark.browser


@pytest.fixture
def three(alice, model) -> list[str]:
    """Read a 1, a 7 and another 7, and return the texts, the oldest first."""
    return [
        create_prediction(owner=alice, data=digit_png(digit, seed=seed), source="upload", mode="digit").text
        for seed, digit in enumerate((1, 7, 7))
    ]


@pytest.fixture
def history(alice_page: Page, three) -> Page:
    assert three == ["1", "7", "7"]
    alice_page.goto("/history/")
    return alice_page


def test_the_history_is_filtered_by_digit(history):
    history.get_by_text("Search and filter").click()
    history.get_by_label("Digit", exact=True).select_option("7")
    history.get_by_role("button", name="Apply filters").click()
    expect(history).to_have_url(re.compile("digit=7"))
    expect(history.locator("a.card")).to_have_count(2)
    history.get_by_role("link", name="Clear filters").click()
    expect(history.locator("a.card")).to_have_count(3)


def test_the_statistics_load_with_the_history(history):
    expect(history.locator(".numbers")).to_contain_text("All pictures")
    expect(history.locator(".numbers dd").first).to_have_text("3")


def test_selected_pictures_are_deleted_and_restored(history):
    delete = history.get_by_role("button", name="Delete")
    expect(delete).to_be_hidden()
    history.locator("[name=pick]").nth(0).check()
    history.locator("[name=pick]").nth(1).check()
    expect(history.get_by_text("2 selected")).to_be_visible()
    delete.click()
    expect(history.locator("a.card")).to_have_count(1)
    history.get_by_role("button", name="Undo").click()
    expect(history.get_by_text("2 pictures restored.")).to_be_visible()
    expect(history.locator("a.card")).to_have_count(3)


def test_deleted_pictures_are_listed_and_restored_later(history):
    history.locator("[data-select-page]").check()
    history.get_by_role("button", name="Delete").click()
    history.goto("/account/")
    history.get_by_role("link", name="3 of them are deleted").click()
    bring_back = history.get_by_role("button", name="Restore")
    expect(bring_back).to_be_disabled()
    history.locator(".card").nth(1).click()
    expect(history.get_by_text("1 selected")).to_be_visible()
    bring_back.click()
    expect(history.get_by_text("1 picture restored.")).to_be_visible()
    expect(history.locator("a.card")).to_have_count(1)
    history.get_by_role("link", name="Deleted pictures").click()
    expect(history.locator(".card")).to_have_count(2)


def test_a_whole_page_is_selected_and_exported(history, tmp_path: Path):
    history.locator("[data-select-page]").check()
    expect(history.get_by_text("3 selected")).to_be_visible()
    with history.expect_download() as download:
        history.get_by_role("button", name="Export CSV").click()
    download.value.save_as(tmp_path / "list.csv")
    with (tmp_path / "list.csv").open(newline="", encoding="utf-8") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["7", "7", "1"]


def test_selected_pictures_are_corrected_at_once(history):
    history.locator("[name=pick]").nth(2).check()
    history.get_by_label("Correct number for the selected pictures").fill("4")
    history.get_by_role("button", name="Save correction").click()
    expect(history.get_by_text("Saved for 1 picture.")).to_be_visible()
    expect(history.locator("a.card").nth(2)).to_contain_text(re.compile(r"4\s+corrected"))


def test_enter_saves_the_correction_in_the_field_but_not_on_a_checkbox(history):
    history.locator("[name=pick]").nth(2).check()
    history.locator("[name=pick]").nth(2).press("Enter")
    history.get_by_label("Correct number for the selected pictures").fill("4")
    history.locator("[name=pick]").nth(2).press("Enter")
    assert not Correction.objects.exists()
    history.get_by_label("Correct number for the selected pictures").press("Enter")
    expect(history.locator("a.card").nth(2)).to_contain_text(re.compile(r"4\s+corrected"))
    assert Correction.objects.get().text == "4"


def test_the_purge_removes_deleted_files(history, settings, media: Path):
    settings.DELETED_UPLOADS_KEPT_DAYS = 0
    history.locator("[data-select-page]").check()
    history.get_by_role("button", name="Delete").click()
    expect(history.locator("a.card")).to_have_count(0)
    assert list(media.rglob("original.*"))
    purge()
    assert not Upload.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file() and path.name != ".gitignore"]


def test_another_user_sees_no_pictures(browser: Browser, bob: User, server: WebServer, three):
    upload = Upload.objects.first()
    context = browser.new_context(base_url=server.url)
    log_in(context, bob, server)
    page = context.new_page()
    page.goto("/history/")
    expect(page.get_by_text("No pictures yet.")).to_be_visible()
    for path in (f"/uploads/{upload.pk}/", f"/uploads/{upload.pk}/picture/", f"/uploads/{upload.pk}/thumbnail/"):
        assert page.goto(path).status == 404
        expect(page.get_by_role("heading", name="Nothing was found at this address.")).to_be_visible()
    context.close()
