"""Screenshots of every page, for a large screen and a phone, in both themes. People look at them."""

import io
import os
import re
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core.files.base import ContentFile
from django.urls import reverse
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, Page

from recognizer.drawings import draw_png
from recognizer.models import Prediction, Training
from recognizer.services.batches import intake
from recognizer.services.exports.table_exports import request_table
from recognizer.services.history import bulk_actions, corrections
from recognizer.services.people.tokens import create_token
from recognizer.services.reading.expected import expect as expect_form
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.presets import create_preset
from recognizer.services.registry.model_versions import register_model
from recognizer.services.registry.promotion import store_gate
from tests.browser.fixtures import log_in
from tests.browser.hand import draw, expect_preview
from tests.pictures import digit_png
from tests.recognizer.services.registry.artifacts import copy_shipped
from tests.recognizer.views.test_trainings import CHECK, EPOCHS, HELD_BACK, PICTURES
from tests.servers.process import wait_until
from tests.surroundings import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FOLDER = Path(os.environ.get("SCREENSHOTS") or ROOT / ".run" / "screenshots")
HEIGHTS = {390: 844, 1280: 900}
# Each width and each theme once; people who want to look at them (SCREENSHOTS) get all four.
LOOKS = [(390, "dark"), (1280, "light"), *([(390, "light"), (1280, "dark")] if "SCREENSHOTS" in os.environ else [])]
NEW_ACCOUNT = (
    "desk",
    "history",
    "history_deleted",
    "history_statistics",
    "review",
    "batches",
    "quality",
    "notices",
    "presets",
)
# Pictures below the window are loaded when one scrolls there, which a screenshot does not.
LOAD_PICTURES = """Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.complete || new Promise((done) => { image.onload = image.onerror = done; });
}))"""
ADMIN_LISTS = ("upload", "prediction", "glyph", "correction", "modelversion", "job", "batch", "stream")


@pytest.fixture
def pages(alice, model, worker) -> dict[str, str]:
    for seed in range(12):
        data = digit_png((7 * seed + 3) % 10, size=260, seed=seed)
        prediction = create_prediction(owner=alice, data=data, source="upload", name=f"{seed}.png")
        if seed % 3 == 0 and prediction.text:
            corrections.correct(prediction=prediction, by=alice, kind="confirm")
    unsure = create_prediction(owner=alice, data=draw_png("4"), source="drawing", name="four.png")
    type(unsure).objects.filter(pk=unsure.pk).update(decision="unsure", confidence=0.61)
    number = create_prediction(owner=alice, data=draw_png("1905"), source="drawing", mode="number", draw_maps=True)
    long = create_prediction(owner=alice, data=draw_png("27182818284590"), source="upload", name="e" * 90 + ".png")
    blank = create_prediction(owner=alice, data=blank_png(), source="upload", name="blank.png")
    seven = create_prediction(owner=alice, data=draw_png("7"), source="drawing", name="seven.png", draw_maps=True)
    written = {
        name: create_prediction(owner=alice, data=data, source="upload", name=f"{name}.png", mode="lines")
        for name, data in (
            ("signs", draw_png("-1905.50")),
            ("lines", sheet_of("12.50", "3.75", "0711", "85")),
            ("unread", sheet_of("1905", print_below="paid in May")),
        )
    }
    type(blank).objects.filter(pk=written["signs"].pk).update(decision="unsure", confidence=0.61)
    for digits in ("8", "16", "1905"):
        deleted = create_prediction(owner=alice, data=draw_png(digits), source="drawing")
        bulk_actions.delete_uploads(alice, [deleted.upload_id])
    batch = intake.create_batch(owner=alice, name="holiday.zip")
    batch.items.create(position=0, name="seven.png", state="done", upload=seven.upload)
    batch.items.create(position=1, name="notes.txt", state="failed", error_code="unsupported_format")
    batch.items.create(position=2, name="waiting.png", state="waiting")
    glyph = number.glyphs.all()[0]
    names = [
        "history",
        "history_deleted",
        "history_statistics",
        "review",
        "batches",
        "account",
        "about",
        "model_versions",
        "quality",
        "notices",
        "presets",
    ]
    return {name: reverse(name) for name in [*names, "password_change"]} | {
        "upload_detail": reverse("upload_detail", args=[number.upload_id]),
        "upload_detail-open": reverse("upload_detail", args=[number.upload_id]),
        "upload_detail-one": reverse("upload_detail", args=[seven.upload_id]),
        "upload_detail-long": reverse("upload_detail", args=[long.upload_id]),
        "upload_detail-rejected": reverse("upload_detail", args=[blank.upload_id]),
        **{
            f"upload_detail-{name}": reverse("upload_detail", args=[prediction.upload_id])
            for name, prediction in written.items()
        },
        "model_card": reverse("model_card", args=[model.version]),
        "history-nothing": reverse("history") + "?q=no-such-name",
        "batch_detail": reverse("batch_detail", args=[batch.pk]),
        "explorer": reverse("explorer", args=[glyph.pk]),
        "explorer-channel": reverse("explorer", args=[glyph.pk, "conv3", 5]),
        "numbers": reverse("numbers", args=[glyph.pk, "conv2"]),
        "numbers-last": reverse("numbers", args=[glyph.pk, "logits"]),
        "what_if": reverse("what_if", args=[glyph.pk]),
        "like_what": reverse("like_what", args=[glyph.pk]),
        "why": reverse("why", args=[glyph.pk]),
        "compare": f"{reverse('compare')}?a={glyph.pk}&b={seven.glyphs.get().pk}",
        "error": "/no-such-page/",
    }


def sheet_of(*numbers: str, print_below: str = "") -> bytes:
    """Return a picture of handwritten numbers, one below another, and of a printed text below them."""
    lines = [Image.open(io.BytesIO(draw_png(number))).convert("RGB") for number in numbers]
    height = sum(line.height for line in lines) + (80 if print_below else 0)
    sheet = Image.new("RGB", (max(line.width for line in lines), height), "white")
    for place, line in enumerate(lines):
        sheet.paste(line, (0, sum(before.height for before in lines[:place])))
    if print_below:
        font = ImageFont.load_default(size=40)
        ImageDraw.Draw(sheet).text((40, height - 70), print_below, fill="#202020", font=font)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def blank_png() -> bytes:
    file = io.BytesIO()
    Image.new("L", (400, 300), 255).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_every_page_is_saved_as_a_screenshot(browser: Browser, alice, server, pages, width, theme):
    FOLDER.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        base_url=server.url, viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=theme
    )
    page = context.new_page()
    for name in ("front_door", "login", "signup", "password_reset"):
        page.goto(reverse(name))
        page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
        write(page, f"{name}-{width}-{theme}")
    log_in(context, alice, server)
    page.goto("/")
    draw(page, "7")
    expect_preview(page, re.compile("^7, "))
    write(page, f"desk-{width}-{theme}")
    for name, path in pages.items():
        page.goto(path)
        if name == "upload_detail-open":
            page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
            page.locator(".map").first.wait_for()
            page.locator(".map").last.scroll_into_view_if_needed()  # the maps are loaded lazily
            page.evaluate("scrollTo(0, 0)")
        page.wait_for_load_state("load" if name == "batch_detail" else "networkidle")  # the page polls
        write(page, f"{name}-{width}-{theme}")
    context.close()


@pytest.fixture
def pages_of_work(alice, model, worker, settings, tmp_path) -> dict[str, str]:
    """Return the addresses of pages of presets, of a large batch, of quality and of trainings, with their content."""
    settings.AUDITED_SHARE = 1.0
    preset = create_preset(owner=alice, name="Water meter", mode="number", fields={"digits": "5"})
    create_preset(owner=alice, name="Amounts", mode="number", fields={"decimals": "2", "maximum": "9999"})
    batch = intake.new_batch(owner=alice, name="Meters of May", mode="number", expected=expect_form(preset, {}))
    texts = [f"{(7919 * n) % 100_000:05}" for n in range(24)]
    files = [(f"house {n % 3 + 8}/{n}.png", ContentFile(draw_png(text))) for n, text in enumerate(texts)]
    intake.add_files(batch, [*files, ("notes.txt", ContentFile(b"no picture"))], close=True)
    wait_until(lambda: not batch.items.filter(state="waiting").exists(), seconds=120, what="the batch")
    read = list(Prediction.objects.filter(owner=alice).order_by("upload__name"))
    Prediction.objects.filter(pk__in=[each.pk for each in read[::6]]).update(decision="unsure", confidence=0.61)
    for prediction in read[1:8]:
        corrections.correct(prediction=prediction, by=alice, kind="confirm")
    corrections.correct(prediction=read[8], by=alice, kind="correct", text="12345")
    for number in range(60):
        drawn = digit_png(number % 10, size=200, seed=number)
        prediction = create_prediction(owner=alice, data=drawn, source="upload", name=f"{number}.png", mode="digit")
        wrong = {"kind": "correct", "text": str((number + 3) % 10)} if number in (17, 41) else {"kind": "confirm"}
        if prediction.text and number < 54:
            corrections.correct(prediction=prediction, by=alice, **wrong)
    alike = [
        create_prediction(owner=alice, data=digit_png(7, seed=seed), source="upload", mode="digit") for seed in range(6)
    ]
    Prediction.objects.filter(pk__in=[each.pk for each in alike]).update(decision="unsure", confidence=0.6)
    export = request_table(alice, title="Meters of May", site="http://localhost", batch=batch)
    wait_until(lambda: type(export.job).objects.get(pk=export.job_id).state == "done", seconds=60, what="the XLSX")
    candidate = register_model(copy_shipped(tmp_path / "learnt-1"))
    store_gate(candidate, model, {"passed": False, "checks": [CHECK]})
    Training.objects.create(
        number=1,
        started_by=alice,
        base=model,
        candidate=candidate,
        outcome=Training.Outcome.CANDIDATE,
        epochs=EPOCHS,
        pictures=PICTURES,
        held_back=HELD_BACK,
    )
    address = EmailAddress.objects.create(user=alice, email="alice@example.org")
    create_token(user=alice, name="Home Assistant")
    return {
        "presets-filled": reverse("presets"),
        "preset_edit": reverse("preset_edit", args=[preset.pk]),
        "preset_create": reverse("preset_create"),
        "desk-preset": f"{reverse('desk')}?preset=Water+meter",
        "batches-filled": reverse("batches"),
        "batch_detail-table": reverse("batch_detail", args=[batch.pk]),
        "batch_detail-nothing": reverse("batch_detail", args=[batch.pk]) + "?q=no-such-name",
        "table_export": reverse("table_export", args=[export.pk]),
        "review-batch": f"{reverse('review')}?batch={batch.pk}",
        "review_alike": reverse("review_alike"),
        "quality-filled": reverse("quality"),
        "quality_stream": reverse("quality_stream", args=[alike[0].stream_id]),
        "quality_labels": reverse("quality_labels"),
        "history-batch": f"{reverse('history')}?batch={batch.pk}",
        "trainings": reverse("trainings"),
        "training_detail": reverse("training_detail", args=[1]),
        "model_versions-two": reverse("model_versions"),
        "account-filled": reverse("account"),
        "account_email_confirm": reverse("account_email_confirm", args=[EmailConfirmationHMAC.create(address).key]),
        "account_reauthenticate": reverse("account_reauthenticate"),
        "password_reset_done": reverse("password_reset_done"),
        "compare-picker": f"{reverse('compare')}?a={alike[0].glyphs.all()[0].pk}&digit=7",
    }


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_pages_of_work_are_saved_as_screenshots(browser: Browser, alice, server, pages_of_work, width, theme):
    FOLDER.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        base_url=server.url, viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=theme
    )
    log_in(context, alice, server)
    page = context.new_page()
    for name, path in pages_of_work.items():
        answer = page.goto(path)
        assert answer and answer.status == 200, name
        page.wait_for_load_state("networkidle")
        write(page, f"{name}-{width}-{theme}")
    page.goto(reverse("account"))
    page.get_by_label("Name", exact=True).fill("Scanner")
    page.get_by_role("button", name="Create token").click()
    page.get_by_role("button", name="Copy").first.wait_for()
    write(page, f"account-token-{width}-{theme}")
    context.close()


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_pages_of_a_new_account_and_refused_forms_are_saved_as_screenshots(
    browser: Browser, bob, server, model, width, theme
):
    FOLDER.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        base_url=server.url, viewport={"width": width, "height": HEIGHTS[width]}, color_scheme=theme
    )
    page = context.new_page()
    page.goto(reverse("login"))
    page.get_by_label("Username").fill("nobody")
    page.locator("[type=password]").fill("wrong")
    page.locator("main [type=submit]").click()
    page.locator(".errorlist").first.wait_for()
    write(page, f"login-refused-{width}-{theme}")
    log_in(context, bob, server)
    for name in NEW_ACCOUNT:
        answer = page.goto(reverse(name))
        assert answer and answer.status == 200, name
        page.wait_for_load_state("networkidle")
        write(page, f"{name}-new-{width}-{theme}")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_the_admin_are_saved_as_screenshots(browser: Browser, admin, alice, server, pages, theme):
    FOLDER.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900}, color_scheme=theme)
    log_in(context, admin, server)
    page = context.new_page()
    prediction = Prediction.objects.filter(text="1905").latest("given_at")
    paths = {f"list-{name}": reverse(f"admin:recognizer_{name}_changelist") for name in ADMIN_LISTS} | {
        "index": reverse("admin:index"),
        "prediction": reverse("admin:recognizer_prediction_change", args=[prediction.pk]),
        "upload": reverse("admin:recognizer_upload_change", args=[prediction.upload_id]),
        "model": reverse("admin:recognizer_modelversion_change", args=[prediction.model_id]),
        "user": reverse("admin:auth_user_change", args=[alice.pk]),
    }
    for name, path in paths.items():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        write(page, f"admin-{name}-1280-{theme}")
        too_wide = page.evaluate("document.querySelector('#main, #container').scrollWidth - innerWidth")
        assert too_wide <= 0, f"{name} is {too_wide} px wider than the window"
    context.close()


def write(page: Page, name: str) -> None:
    path = FOLDER / f"{name}.png"
    page.evaluate(LOAD_PICTURES)
    page.screenshot(path=path, full_page=True)
    assert path.stat().st_size > 5_000
