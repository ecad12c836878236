"""The whole job: from a folder of pictures to a checked spreadsheet."""

import os
import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from recognizer.figures.drawings import draw_png
from recognizer.models import Prediction
from recognizer.models.natural_order import natural_key

pytestmark = [pytest.mark.browser, pytest.mark.processes]
COUNT = 300 if os.environ.get("LONG_TESTS") == "1" else 12
UNSURE = 3
SETTLING = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"  # classes of what htmx is replacing


class Hand:
    """The person, whose clicks and keys are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions = 0

    def click(self, role: str, name: str) -> None:
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        self.actions += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        if text:
            expect(self.page.get_by_label("Number", exact=True)).to_have_value(text)
        self.page.keyboard.press("Enter")
        self.actions += len(text) + 1

    def fill(self, label: str, text: str) -> None:
        """Click into a field and type."""
        self.page.get_by_label(label, exact=True).fill(text)
        self.actions += len(text) + 1


def sign_up_with_a_preset(hand: Hand) -> None:
    """Make an account and the preset "5 digits" on the pages, and end on the start page."""
    page = hand.page
    page.goto("/welcome/")
    hand.click("link", "Sign up")
    hand.fill("Username", "clara")
    hand.fill("Password", "five digits a day")
    hand.fill("Password confirmation", "five digits a day")
    hand.click("button", "Sign up")
    hand.click("link", "Say what you expect of the numbers")
    hand.fill("Name", "5 digits")
    page.get_by_label("Mode", exact=True).select_option("number")
    hand.fill("Number of digits", "5")
    hand.click("button", "Save preset")
    hand.actions += 1  # the mode
    expect(page.get_by_role("heading", name="Draw or upload a number")).to_be_visible()


def test_as_a_new_user_300_photographs_in_a_folder_with_sub_folders_become_a_checked_xlsx(
    page: Page, worker, tmp_path: Path
):
    folder = tmp_path / "Meters"
    numbers = {}
    for n in range(COUNT):
        name = f"house {n % 3 + 8}/{n}.png"
        numbers[f"Meters/{name}"] = f"{(7919 * n) % 100_000:05}"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(draw_png(numbers[f"Meters/{name}"]))
    hand = Hand(page)
    sign_up_with_a_preset(hand)
    started = hand.actions

    expect(page.get_by_label("Preset")).to_have_value("5 digits")
    page.locator("[data-folder] input").set_input_files(folder)
    hand.actions += 1  # the folder is dropped
    page.wait_for_url(re.compile("/batches/.+"))
    expect(page.locator("main").get_by_text(f"{COUNT} of {COUNT} read")).to_be_visible(timeout=240_000)

    # A fixed number of answers is unsure, whatever this model reads.
    Prediction.objects.filter(decision="unsure").update(decision="read")
    chosen = list(Prediction.objects.order_by("upload__name")[:UNSURE])
    Prediction.objects.filter(pk__in=[each.pk for each in chosen]).update(decision="unsure", text="852")
    page.reload()
    hand.click("link", f"{UNSURE} unsure: review them")
    audited = 0  # a share of the sure answers is reviewed as well, and looks the same
    finished = page.get_by_role("link", name="Back to the batch")
    for _ in range(COUNT):
        shown = page.locator("[data-correct]")
        expect(shown.or_(finished)).to_be_visible()
        if finished.is_visible():
            break
        action = shown.get_attribute("action") or ""
        wrong = [each.upload.name for each in chosen if str(each.upload_id) in action]
        audited += not wrong
        page.wait_for_load_state("load")  # of the script that takes the keys
        expect(page.locator(SETTLING)).to_have_count(0)  # the page is ready for the next keys
        hand.type(numbers[wrong[0]] if wrong else "")
        expect(page.locator(f"[data-correct][action='{action}']")).to_have_count(0)
    with page.expect_download() as download:
        hand.click("button", "Export XLSX")
    assert download.value.suggested_filename == "Meters.xlsx"
    download.value.save_as(tmp_path / "Meters.xlsx")

    names, *rows = load_workbook(tmp_path / "Meters.xlsx")["Results"].iter_rows(values_only=True)
    table = [dict(zip(names, row, strict=True)) for row in rows]
    assert [row["file"] for row in table] == sorted(numbers, key=natural_key)
    reviewed = [row for row in table if row["correction"] == "correct"]
    assert {row["file"] for row in reviewed} == {each.upload.name for each in chosen}
    assert [row["final"] for row in reviewed] == [numbers[row["file"]] for row in reviewed]
    assert {row["corrected_by"] for row in reviewed} == {"clara"}
    for row in table:
        is_text = row["final"].startswith("0") and len(row["final"]) > 1
        assert row["final_value"] == (row["final"] if is_text else int(row["final"]))
    assert any(row["final"].startswith("0") for row in table)
    actions = hand.actions - started
    print(f"Account and preset: {started} clicks and keys.")
    print(f"{COUNT} pictures, {UNSURE} unsure, {audited} audited: {actions} clicks and keys")
    assert actions == 1 + 1 + UNSURE * 6 + audited + 1
