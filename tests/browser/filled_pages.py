"""The content of the pages that screenshots show: what a person has after some weeks of work."""

import io
from datetime import timedelta

import numpy as np
import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageDraw, ImageFont

from mlcore.reading.reader import Reader
from recognizer.figures.drawings import draw_png
from recognizer.models import ModelVersion, Prediction
from recognizer.services.batches import intake
from recognizer.services.explaining.training_digits import store_training_digits
from recognizer.services.exports.table_exports import request_table
from recognizer.services.history import bulk_actions, corrections
from recognizer.services.people.notices import tell_person
from recognizer.services.people.tokens import create_token
from recognizer.services.reading.expected import expect as expect_form
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.presets import create_preset
from recognizer.words.notices import EXPORT_READY, PASSWORD_CHANGED
from tests.ended_training import create_ended_training
from tests.handwriting import MISTAKEN, UNSURE, between, handwritten_png
from tests.pictures import digit_png
from tests.servers.process import wait_until

TRUE_METER, MISREAD_METER = "34052", "39052"


@pytest.fixture
def filled_pages(alice, model, reader, worker) -> dict[str, str]:
    """Return the addresses of the pages of one picture, of the network and of an account, with their content."""
    for seed in range(12):
        data = digit_png((7 * seed + 3) % 10, size=260, seed=seed)
        prediction = create_prediction(owner=alice, data=data, source="upload", name=f"{seed}.png")
        if seed % 3 == 0 and prediction.text:
            corrections.correct(prediction=prediction, by=alice, kind="confirm")
    closed_four = handwritten_png(between("4 like 9", UNSURE["4 like 9"]))
    create_prediction(owner=alice, data=closed_four, source="drawing", name="four.png")
    number = create_prediction(owner=alice, data=draw_png("1905"), source="drawing", mode="number", draw_maps=True)
    long = create_prediction(owner=alice, data=draw_png("27182818284590"), source="upload", name="e" * 90 + ".png")
    blank = create_prediction(owner=alice, data=blank_png(), source="upload", name="blank.png")
    seven = create_prediction(owner=alice, data=draw_png("7"), source="drawing", name="seven.png", draw_maps=True)
    written = {
        name: create_prediction(owner=alice, data=data, source="upload", name=f"{name}.png", mode="lines")
        for name, data in (
            ("signs", handwritten_png("-", between("1 like 7", UNSURE["1 like 7"]), "905.50")),
            ("lines", sheet_of("1250", "375", "0711", "85")),
            ("unread", sheet_of("1905", print_below="paid in May")),
        )
    }
    for digits in ("8", "16", "1905"):
        deleted = create_prediction(owner=alice, data=draw_png(digits), source="drawing")
        bulk_actions.delete_uploads(alice, [deleted.upload_id])
    batch = intake.create_batch(owner=alice, name="holiday.zip")
    batch.items.create(position=0, name="seven.png", state="done", upload=seven.upload)
    batch.items.create(position=1, name="notes.txt", state="failed", error_code="unsupported_format")
    batch.items.create(position=2, name="waiting.png", state="waiting")
    tell_person(
        alice.pk,
        EXPORT_READY,
        values={"expires_at": (timezone.now() + timedelta(days=7)).isoformat()},
        link="/account/",
    )
    tell_person(alice.pk, PASSWORD_CHANGED, link=reverse("password_reset"))
    embed_handwritten_digits(model, reader)
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


def embed_handwritten_digits(model: ModelVersion, reader: Reader) -> None:
    """Store eight handwritten digits of each kind in the place of training digits."""
    labels = np.repeat(np.arange(10, dtype=np.uint8), 8)
    drawn = [handwritten_png(str(label), seed=seed) for seed, label in enumerate(labels)]
    store_training_digits(model, np.stack([reader.read(data, "digit").glyphs[0].input for data in drawn]), labels)


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


def meter_png(number: int) -> bytes:
    """Return the picture of a meter. Each sixth has a digit that is not clear, and one is misread."""
    digits = f"{(7919 * number) % 100_000:05}"
    if number == 8:
        return handwritten_png(TRUE_METER[0], between("4 like 9", MISTAKEN["4 like 9"]), TRUE_METER[2:], seed=0)
    if number % 6 == 0:
        return handwritten_png(digits[:2], between("1 like 7", UNSURE["1 like 7"]), digits[3:], seed=number)
    return handwritten_png(digits, seed=number)


@pytest.fixture
def pages_of_work(alice, model, worker, settings, tmp_path) -> dict[str, str]:
    """Return the addresses of pages of presets, of a large batch, of quality and of trainings, with their content."""
    settings.AUDITED_SHARE = 1.0
    preset = create_preset(owner=alice, name="Water meter", mode="number", fields={"digits": "5"})
    create_preset(owner=alice, name="Amounts", mode="number", fields={"decimals": "2", "maximum": "9999"})
    batch = intake.new_batch(owner=alice, name="Meters of May", mode="number", expected=expect_form(preset, {}))
    files = [(f"house {n % 3 + 8}/{n + 1}.png", ContentFile(meter_png(n))) for n in range(24)]
    intake.add_files(batch, [*files, ("notes.txt", ContentFile(b"no picture"))], close=True)
    wait_until(lambda: not batch.items.filter(state="waiting").exists(), seconds=120, what="the batch")
    read = Prediction.objects.filter(owner=alice, decision="read").exclude(text=MISREAD_METER)
    for prediction in read.order_by("upload__name")[:7]:
        corrections.correct(prediction=prediction, by=alice, kind="confirm")
    misread = Prediction.objects.get(text=MISREAD_METER)
    corrections.correct(prediction=misread, by=alice, kind="correct", text=TRUE_METER)
    for number in range(60):
        mistaken = {17: "1 like 7", 41: "4 like 9"}.get(number)
        digit = mistaken[0] if mistaken else str(number % 10)
        drawn = handwritten_png(between(mistaken, MISTAKEN[mistaken]) if mistaken else digit, seed=number)
        prediction = create_prediction(owner=alice, data=drawn, source="upload", name=f"{number + 1}.png", mode="digit")
        if number < 54:
            is_right = prediction.text == digit
            said = {"kind": "confirm"} if is_right else {"kind": "correct", "text": digit}
            corrections.correct(prediction=prediction, by=alice, **said)
    settings.AUDITED_SHARE = 0.0  # digits are reviewed in groups only where none of them waits for its audit
    unclear = between("1 like 7", UNSURE["1 like 7"])
    alike = [
        create_prediction(
            owner=alice, data=handwritten_png(unclear, seed=seed), source="upload", name=f"a{seed}.png", mode="digit"
        )
        for seed in range(6)
    ]
    for name, numbers in (("Receipts, April", ("12", "7.50")), ("Class 4b", ("3", "8", "9", "10"))):
        small = intake.new_batch(owner=alice, name=name, mode="number")
        files = [(f"{n}.png", ContentFile(handwritten_png(text, seed=n))) for n, text in enumerate(numbers)]
        intake.add_files(small, files, close=True)
    export = request_table(alice, title="Meters of May", site="http://localhost", batch=batch)
    wait_until(lambda: type(export.job).objects.get(pk=export.job_id).state == "done", seconds=60, what="the XLSX")
    create_ended_training(model, by=alice, folder=tmp_path)
    clear_seven = Prediction.objects.get(upload__name="8.png", mode="digit")
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
        "compare-picker": f"{reverse('compare')}?a={clear_seven.glyphs.get().pk}&digit=7",
    }
