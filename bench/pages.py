"""A benchmark of every page for an owner of a hundred thousand pictures, requested by one client at a time.

    python -m bench.pages [--database sqlite|postgres|both] [--seconds 1.5] [--rows 100000]

All pictures belong to one owner, the hardest case for the history. The median of a page should be under 40 ms.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench.load import request, run
from bench.options import run_on_databases
from bench.stage import Stage, stage
from bench.web import session_of
from tests.pictures import varied_pngs

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from recognizer.models import Batch, Prediction

WANTED_MS = 40
CORRECTED = 2_000  # pictures that were confirmed or corrected
IN_BATCH = 1_000


@dataclass
class Rows:
    owner: "User"
    number: "Prediction"  # read by the model, with its files
    batch: "Batch"


def fill_in(rows: int) -> Rows:
    from django.contrib.auth.models import User

    from bench.fill import fill
    from recognizer.drawings import draw_png
    from recognizer.models import Batch, BatchItem, Correction
    from recognizer.services.reading.predictions import create_prediction

    owner = User.objects.create_superuser("owner")
    templates = [create_prediction(owner=owner, data=data, source="upload") for data in varied_pngs(9)]
    unsure = create_prediction(owner=owner, data=draw_png("4"), source="drawing", name="four.png")
    type(unsure).objects.filter(pk=unsure.pk).update(decision="unsure", confidence=0.6)
    fill(owner, [], [*templates, unsure], rows)
    some = list(type(unsure).objects.order_by("pk")[:CORRECTED])  # keys are random, so these are spread over all dates
    kinds = ("confirm", "correct")
    Correction.objects.bulk_create(
        Correction(upload_id=each.upload_id, prediction=each, by=owner, kind=kinds[n % 2], text=str(n % 10))
        for n, each in enumerate(some)
    )
    batch = Batch.objects.create(owner=owner, name="holiday.zip")
    BatchItem.objects.bulk_create(
        BatchItem(batch=batch, position=n, name=f"{n}.png", state="done", upload_id=each.upload_id)
        for n, each in enumerate(some[:IN_BATCH])
    )
    number = create_prediction(owner=owner, data=draw_png("1905"), source="drawing", mode="number")
    return Rows(owner, number, batch)


def pages(rows: Rows) -> Iterator[tuple[str, str]]:
    from django.urls import reverse
    from django.utils import timezone

    history = reverse("history")
    today = timezone.localdate()
    narrowed = {
        "a digit": {"digit": "7"},
        "the answer": {"text": "7"},
        "unsure": {"decision": "unsure"},
        "corrected": {"corrected": "changed"},
        "not looked at": {"corrected": "no"},
        "numbers": {"kind": "number"},
        "by date": {"since": today - timedelta(days=1), "until": today},
        "least sure first": {"ordering": "confidence"},
        "search, digits": {"q": "19"},
        "search, a name": {"q": "four"},
        "search, nothing": {"q": "nothing-is-called-so"},
    }
    yield from ((name, reverse(name)) for name in ("desk", "history"))
    yield from ((f"history, {name}", f"{history}?{urlencode(query)}") for name, query in narrowed.items())
    yield from ((name, reverse(name)) for name in ("history_statistics", "review", "batches", "account", "about"))
    yield "review, sure ones too", f"{reverse('review')}?all"
    yield "batch_detail", reverse("batch_detail", args=[rows.batch.pk])
    yield "upload_detail", reverse("upload_detail", args=[rows.number.upload_id])
    first, second, *_ = rows.number.glyphs.all()
    yield "explorer", reverse("explorer", args=[first.pk])
    last = rows.number.model.card["networks"]["digit"]["layers"][-1]["name"]
    yield "explorer, last layer", reverse("explorer", args=[first.pk, last])
    yield "explorer, a channel", reverse("explorer", args=[first.pk, last, 0])
    yield "numbers", reverse("numbers", args=[first.pk, last])
    yield "what_if", reverse("what_if", args=[first.pk])
    yield "like_what", reverse("like_what", args=[first.pk])
    yield "why", reverse("why", args=[first.pk])
    yield "compare", f"{reverse('compare')}?a={first.pk}&b={second.pk}"
    yield "compare, search", f"{reverse('compare')}?a={first.pk}&b={second.pk}&digit=7"
    yield from ((name, reverse(f"admin:recognizer_{name}_changelist")) for name in ("upload", "prediction"))


def measure(place: Stage, seconds: float, count: int) -> None:
    from recognizer.services.history.statistics import compute_statistics

    started = time.perf_counter()
    rows = fill_in(count)
    print(f"({count:,} pictures filled in by SQL in {time.perf_counter() - started:.0f} s)\n")
    headers = {**session_of(rows.owner), "Accept": "text/html"}
    server = place.web()
    server.start()
    try:
        print(f"{'':36}{'p50':>9}{'p95':>9}")
        for name, path in pages(rows):
            message = [request("GET", path, headers)]
            run(server.url, message, seconds=0.3, clients=2)  # warm up every process
            result = run(server.url, message, seconds=seconds, clients=1)
            late = "" if result.p50 < WANTED_MS else f"   over {WANTED_MS} ms"
            errors = "" if not result.errors else f"   ERRORS {result.errors}"
            print(f"{name:36}{result.p50:7.1f}ms{result.p95:7.1f}ms{late}{errors}", flush=True)
    finally:
        server.stop()
    started = time.perf_counter()
    compute_statistics(rows.owner)
    print(f"statistics, counted anew: {1000 * (time.perf_counter() - started):.0f} ms")


def measure_database(database: str, seconds: float, rows: int) -> None:
    print(f"\n## {database}, {os.cpu_count()} cores, one client, {seconds:g} s a line\n")
    with stage(database) as place:
        measure(place, seconds, rows)


if __name__ == "__main__":
    run_on_databases("bench.pages", __doc__, measure_database, seconds=1.5, rows=100_000)
