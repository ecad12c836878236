"""Numbered scenes that other digit readers fail at."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from recognizer.figures.drawings import draw_png
from recognizer.models import Correction, Prediction
from recognizer.services.history import corrections
from recognizer.services.reading.predictions import create_prediction
from tests.browser.hand import draw, draw_stroke, expect_preview, pad_of
from tests.pictures import digit_png

pytestmark = pytest.mark.browser

ANSWER = re.compile("/uploads/.+")
WAITING = "The feature maps are waiting"


def upload_picture(page: Page, path: Path, mode: str = "Automatic") -> None:
    page.goto("/")
    page.get_by_label(mode).check()
    page.get_by_label("Choose files or drop them here").set_input_files(path)
    page.wait_for_url(ANSWER)


@pytest.mark.slow
def test_scene_1_the_same_seven_is_read_the_same_in_nine_places_and_three_sizes(alice_page: Page):
    """Each size is drawn once in every row and column. The tests of the reader read all sizes at all places."""
    alice_page.goto("/")
    for column, x in enumerate((0.25, 0.5, 0.75)):
        for row, y in enumerate((0.3, 0.5, 0.7)):
            draw(alice_page, "7", at=(x, y), size=(0.2, 0.35, 0.5)[(column + row) % 3])
            expect_preview(alice_page, re.compile("^7, (Very sure|Sure)$"))
            alice_page.get_by_role("button", name="Clear").click()


LETTERS = {
    "W": [[(0, 0), (0.25, 1), (0.5, 0.3), (0.75, 1), (1, 0)]],
    "K": [[(0.1, 0), (0.1, 1)], [(0.9, 0), (0.1, 0.55), (0.9, 1)]],
    "A": [[(0, 1), (0.5, 0), (1, 1)], [(0.2, 0.65), (0.8, 0.65)]],
}
HORSE = [
    [(0.05, 0.35), (0.2, 0.2), (0.3, 0.4), (0.75, 0.4), (0.95, 0.55)],
    [(0.3, 0.45), (0.25, 0.9)],
    [(0.4, 0.5), (0.42, 0.92)],
    [(0.65, 0.5), (0.62, 0.9)],
    [(0.75, 0.45), (0.8, 0.92)],
    [(0.2, 0.2), (0.25, 0.1)],
]


@pytest.mark.parametrize(
    "strokes", [pytest.param(HORSE, id="horse"), *[pytest.param(s, id=name) for name, s in LETTERS.items()]]
)
def test_scene_2_a_drawing_without_digits_is_not_read_as_sure(alice_page: Page, strokes):
    alice_page.goto("/")
    pad = pad_of(alice_page)
    side = 0.6 * pad["height"]
    for stroke in strokes:
        draw_stroke(alice_page, [(pad["x"] + 100 + side * x, pad["y"] + 60 + side * y) for x, y in stroke])
    alice_page.get_by_role("button", name="Read and save").click()
    alice_page.wait_for_url(ANSWER)
    expect(alice_page.locator(".answer .confidence")).to_have_text(re.compile(r"^\s*(No digit found|Not sure)"))
    expect(alice_page.locator(".answer .confidence")).not_to_contain_text("100 %")


@pytest.mark.parametrize("shade", [0, 255], ids=["black", "blank"])
def test_scene_2_an_empty_sheet_is_no_digit(alice_page: Page, tmp_path: Path, shade):
    Image.new("L", (400, 300), shade).save(tmp_path / "sheet.png")
    upload_picture(alice_page, tmp_path / "sheet.png")
    expect(alice_page.locator(".answer .confidence")).to_have_text(re.compile("No digit found"))
    expect(alice_page.locator(".answer")).to_contain_text("No writing was found")


def photo_of_a_seven() -> bytes:
    """Return a photo with blue ink and a shadow on yellowish paper, taken sideways."""
    sheet = Image.new("RGB", (640, 480), "#f3ecd8")
    digit = Image.open(io.BytesIO(draw_png("7", height=260)))
    mask = digit.convert("L").point(lambda level: 255 - level)
    sheet.paste(Image.new("RGB", digit.size, "#2d4a9e"), (240, 110), mask)
    across = np.linspace(1.0, 0.45, 640)[None, :, None]  # the light comes from the left
    noise = np.random.default_rng(4).normal(0, 3, (480, 640, 1))
    pixels = np.clip(np.asarray(sheet, np.float32) * across + noise, 0, 255).astype(np.uint8)  # (480, 640, 3)
    turned = Image.fromarray(pixels).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    turned.save(file, "JPEG", quality=80, exif=exif)
    return file.getvalue()


def test_scene_3_a_sideways_photo_with_a_shadow_and_blue_ink_is_read(alice_page: Page, tmp_path: Path):
    (tmp_path / "photo.jpg").write_bytes(photo_of_a_seven())
    upload_picture(alice_page, tmp_path / "photo.jpg")
    expect(alice_page).to_have_title(re.compile("^7 "))
    cells = alice_page.request.get(alice_page.locator(".glyph-input").get_attribute("src"))
    shown = np.asarray(Image.open(io.BytesIO(cells.body())))  # (28, 28) uint8
    assert shown.shape == (28, 28)
    # Most pixels are paper, and some are ink.
    assert (shown == 0).mean() > 0.6
    assert (shown > 200).sum() > 15


@pytest.mark.slow
def test_scene_9_without_a_worker_the_answer_comes_and_the_maps_wait_until_it_is_back(
    alice_page: Page, worker, tmp_path: Path
):
    worker.kill()
    (tmp_path / "seven.png").write_bytes(digit_png(7))
    upload_picture(alice_page, tmp_path / "seven.png")
    expect(alice_page).to_have_title(re.compile("^7 "))
    alice_page.evaluate("window.isTheSame = true")
    alice_page.get_by_text("Feature maps", exact=True).click()
    expect(alice_page.locator("main").get_by_text(WAITING)).to_be_visible()
    alice_page.get_by_role("button", name="Confirm").click()  # corrections work without a worker
    expect(alice_page.locator(".current-correction")).to_contain_text("Confirmed")
    worker.start()
    expect(alice_page.locator(".map img").first).to_be_visible()
    expect(alice_page.get_by_text(WAITING)).to_have_count(0)
    expect(alice_page.locator("[data-announcer]")).to_have_text("The feature maps are ready.")
    assert alice_page.locator("#maps").get_attribute("hx-trigger") is None  # polling has stopped
    assert alice_page.evaluate("window.isTheSame") is True


@pytest.mark.slow
def test_scene_10_after_a_restart_history_corrections_and_models_are_there(alice_page: Page, alice, server, model):
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload", mode="digit")
    corrections.correct(prediction=prediction, by=alice, kind="correct", text="1")
    server.stop()
    server.start()
    alice_page.goto("/history/")
    expect(alice_page.locator("a.card")).to_contain_text("corrected")
    alice_page.locator("a.card").click()
    expect(alice_page).to_have_title(re.compile("^1 "))
    expect(alice_page.locator("main").get_by_text("Read as 7: ")).to_be_visible()
    expect(alice_page.locator(".current-correction")).to_contain_text("Corrected to 1")
    alice_page.get_by_text("Details and actions", exact=True).click()
    expect(alice_page.locator("main").get_by_text(model.version, exact=True)).to_be_visible()
    assert (Prediction.objects.count(), Correction.objects.count()) == (1, 1)
