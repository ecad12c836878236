"""A benchmark of the pages to play with: live maps, numbers, what-if answers, repairs and alike digits.

    python -m bench.playing [--database sqlite|postgres|both] [--seconds 4]

One person uses gunicorn as in production. Each line is the time of one request, from its first byte to the answer's
last one. The goals: live maps of all layers at least 10 times a second, numbers in 100 ms, what-if answers in 80 ms.
"""

import base64
import os
from argparse import Namespace
from collections.abc import Sequence
from urllib.parse import urlencode

from bench.load import request, run
from bench.options import run_on_databases
from bench.stage import Stage, stage
from bench.web import post, session_of
from tests.pictures import digit_png
from tests.servers.web import WebServer

EMBEDDED = 20_000  # synthetic digits in place of training digits
CONFIRMED = 100  # own digits


def draft_png() -> bytes:
    """Return a picture as the drawing pad sends it while the pen moves: 400 × 300 pixels."""
    from io import BytesIO

    from PIL import Image

    from recognizer.figures.drawings import draw_png

    digit = Image.open(BytesIO(draw_png("7", height=200)))
    sheet = Image.new("RGB", (400, 300), "#fffefa")
    sheet.paste(digit, (140, 50))
    buffer = BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def measure(server: WebServer, name: str, requests: Sequence[bytes], seconds: float, goal: str) -> None:
    run(server.url, requests, seconds=1, clients=2)  # warm up every process
    result = run(server.url, requests, seconds=seconds, clients=1)
    errors = "" if not result.errors else f"   ERRORS {result.errors}"
    print(f"{name:44}{result.p50:7.1f}ms{result.p95:7.1f}ms{result.per_second:8.1f}/s   {goal}{errors}", flush=True)


def measure_all(place: Stage, seconds: float) -> None:
    import numpy as np
    from django.contrib.auth.models import User
    from django.urls import reverse

    from recognizer.services.explaining.explanations import explain_glyph
    from recognizer.services.explaining.training_digits import store_training_digits
    from recognizer.services.history import corrections
    from recognizer.services.reading.predictions import create_prediction

    owner = User.objects.create_user("owner")
    seven = create_prediction(owner=owner, data=digit_png(7, seed=3), source="upload", mode="digit")
    for seed in range(CONFIRMED):
        each = create_prediction(owner=owner, data=digit_png(seed % 10, seed=seed), source="upload", mode="digit")
        if each.text:
            corrections.correct(prediction=each, by=owner, kind="confirm")
    glyph = seven.glyphs.get()
    explained = explain_glyph(glyph)
    rng = np.random.default_rng(1)
    noisy = np.clip(explained.image + rng.normal(0, 60, (EMBEDDED, 28, 28)), 0, 255).astype(np.uint8)
    store_training_digits(seven.model, noisy, np.full(EMBEDDED, 7, np.uint8))
    cookies = session_of(owner)
    pages = {**cookies, "Accept": "text/html"}
    form = {**pages, "Content-Type": "application/x-www-form-urlencoded"}

    def get(name: str, *arguments: object, **query: str) -> bytes:
        address = reverse(name, args=arguments)
        return request("GET", f"{address}?{urlencode(query)}" if query else address, pages)

    def changed(name: str, **fields: str) -> bytes:
        cells = base64.b64encode(np.roll(explained.image, 1, axis=1).tobytes()).decode()
        body = urlencode({"cells": cells, **fields}).encode()
        return request("POST", reverse(name, args=[glyph.pk]), form, body)

    cells = [get("numbers", glyph.pk, "conv3", 5, at=f"{n // 14},{n % 14}") for n in range(196)]
    lines: list[tuple[str, list[bytes], str]] = [
        ("live maps of all layers", [post(reverse("preview"), "image", draft_png(), pages, layers="1")], "10/s wanted"),
        ("numbers: conv1", [get("numbers", glyph.pk)], "100 ms wanted"),
        ("numbers: conv3, one cell after the other", cells, "100 ms wanted"),
        ("numbers: conv7, all 80 channels", [get("numbers", glyph.pk, "conv7", terms="all")], "100 ms wanted"),
        ("numbers: the last step", [get("numbers", glyph.pk, "logits")], "100 ms wanted"),
        ("what-if answer", [changed("what_if_answer")], "80 ms wanted"),
        ("repair of a 7 into a 1", [changed("what_if_repair", to="1", part="1")], ""),
        (f"alike digits of {EMBEDDED:,} and {CONFIRMED} own", [get("like_what", glyph.pk)], ""),
    ]
    server = place.web()
    server.start()
    try:
        print(f"{'':44}{'p50':>9}{'p95':>9}{'':>8}")
        for name, requests, goal in lines:
            measure(server, name, requests, seconds, goal)
    finally:
        server.stop()


def measure_database(options: Namespace) -> None:
    print(f"\n## {options.database}, {os.cpu_count()} cores, one client, {options.seconds:g} s a line\n")
    os.environ["PREVIEWS_PER_USER"] = "1000000000"  # the throttle counts and refuses nothing
    with stage(options.database) as place:
        measure_all(place, options.seconds)


if __name__ == "__main__":
    run_on_databases("bench.playing", __doc__, measure_database, seconds=4, rows=0)
