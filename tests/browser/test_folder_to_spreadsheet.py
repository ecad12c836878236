"""The whole job: from a folder of pictures to a checked spreadsheet."""

import os
import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from recognizer.drawings import draw_png
from recognizer.models import Prediction
from recognizer.models.natural_order import natural_key
from recognizer.services.reading.presets import create_preset

pytestmark = [pytest.mark.browser, pytest.mark.processes]
COUNT = 300 if os.environ.get("LONG_TESTS") == "1" else 12
UNSURE = 3


class Hand:
    """The person, whose clicks and keys are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions = 0

    def click(self, role: str, name: str) -> None:
        self.page.get_by_role(role, name=name).click()  # type: ignore[arg-type]
        self.actions += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.actions += len(text) + 1


def test_from_a_folder_of_pictures_to_a_checked_spreadsheet(alice_page: Page, alice, worker, tmp_path: Path):
    create_preset(owner=alice, name="5 digits", mode="number", fields={"digits": "5"})
    folder = tmp_path / "Meters"
    numbers = {}
    for n in range(COUNT):
        name = f"house {n % 3 + 8}/{n}.png"
        numbers[f"Meters/{name}"] = f"{(7919 * n) % 100_000:05}"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(draw_png(numbers[f"Meters/{name}"]))
    hand = Hand(alice_page)
    alice_page.goto("/")

    alice_page.get_by_label("Preset").select_option("5 digits")
    alice_page.locator("[data-folder-input]").set_input_files(folder)
    hand.actions += 2  # the preset is chosen and the folder is dropped
    alice_page.wait_for_url(re.compile("/batches/.+"))
    expect(alice_page.locator("main").get_by_text(f"{COUNT} of {COUNT} read")).to_be_visible(timeout=240_000)

    # A fixed number of answers is unsure, whatever this model reads.
    Prediction.objects.filter(decision="unsure").update(decision="read")
    chosen = list(Prediction.objects.order_by("upload__name")[:UNSURE])
    Prediction.objects.filter(pk__in=[each.pk for each in chosen]).update(decision="unsure", text="852")
    alice_page.reload()
    hand.click("link", f"{UNSURE} unsure: review them")
    audited = 0  # a share of the sure answers is reviewed as well, and looks the same
    finished = alice_page.get_by_role("link", name="Back to the batch")
    for _ in range(COUNT):
        shown = alice_page.locator("[data-correct]")
        expect(shown.or_(finished)).to_be_visible()
        if finished.is_visible():
            break
        action = shown.get_attribute("action") or ""
        wrong = [each.upload.name for each in chosen if str(each.upload_id) in action]
        audited += not wrong
        hand.type(numbers[wrong[0]] if wrong else "")
        expect(alice_page.locator(f"[data-correct][action='{action}']")).to_have_count(0)
    hand.click("link", "Back to the batch")
    with alice_page.expect_download() as download:
        hand.click("button", "Export XLSX")
    assert download.value.suggested_filename == "Meters.xlsx"
    download.value.save_as(tmp_path / "Meters.xlsx")

    names, *rows = load_workbook(tmp_path / "Meters.xlsx")["Results"].iter_rows(values_only=True)
    table = [dict(zip(names, row, strict=True)) for row in rows]
    assert [row["file"] for row in table] == sorted(numbers, key=natural_key)
    reviewed = [row for row in table if row["correction"] == "correct"]
    assert {row["file"] for row in reviewed} == {each.upload.name for each in chosen}
    assert all(row["final"] == numbers[row["file"]] and row["corrected_by"] == "alice" for row in reviewed)
    for row in table:
        is_text = row["final"].startswith("0") and len(row["final"]) > 1
        assert row["final_value"] == (row["final"] if is_text else int(row["final"]))
    assert any(row["final"].startswith("0") for row in table)
    print(f"{COUNT} pictures, {UNSURE} unsure, {audited} audited: {hand.actions} clicks and keys")
    assert hand.actions == 2 + 1 + UNSURE * 6 + audited + 2
