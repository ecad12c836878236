"""A benchmark of every page for an owner of a hundred thousand pictures, requested by one client at a time.

    python -m bench.pages [--database sqlite|postgres|both] [--seconds 1.5] [--rows 100000]

All pictures belong to one owner, the hardest case for the history. 10,000 of them are one batch, the most that a batch
takes, and each twentieth was audited. The median of a page should be under 40 ms. It makes at most 12 queries, which
are counted in this process.
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

WANTED_MS, MAX_QUERIES = 40, 12
CORRECTED = 2_000  # pictures that were confirmed or corrected
IN_BATCH = 10_000
AUDITED_SHARE = 1 / 20


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
    in_batch = type(unsure).objects.order_by("pk").values_list("upload", flat=True)[:IN_BATCH]
    BatchItem.objects.bulk_create(
        BatchItem(batch=batch, position=n, name=f"house {n % 100}/{n}.png", state="done", upload_id=key)
        for n, key in enumerate(in_batch)
    )
    audit(list(type(unsure).objects.exclude(stream=None).order_by("-pk")[: int(AUDITED_SHARE * rows)]))
    number = create_prediction(owner=owner, data=draw_png("1905"), source="drawing", mode="number")
    return Rows(owner, number, batch)


def audit(predictions: list["Prediction"]) -> None:
    """Save an audit of each prediction: of a hundred, two are wrong, and three are not checked yet."""
    from recognizer.models import Audit
    from recognizer.services.quality.streams import month_of

    said = {0: False, 1: False, 2: None, 3: None, 4: None}
    Audit.objects.bulk_create(
        Audit(
            prediction=each,
            owner_id=each.owner_id,
            stream_id=each.stream_id,
            chosen_at=each.given_at,
            month=month_of(each.given_at),
            probability=AUDITED_SHARE,
            confidence=each.confidence,
            was_sure=True,
            is_right=said.get(n % 100, True),
        )
        for n, each in enumerate(predictions)
    )


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
    yield "review, a batch", f"{reverse('review')}?batch={rows.batch.pk}"
    yield "review_alike", reverse("review_alike")
    yield "history, a batch", f"{history}?batch={rows.batch.pk}"
    batch = reverse("batch_detail", args=[rows.batch.pk])
    table = {
        "page 50": {"page": 50},
        "least certain first": {"ordering": "certainty"},
        "by number": {"ordering": "number"},
        "unsure": {"shown": "unsure"},
        "corrected": {"shown": "changed"},
        "not reviewed": {"shown": "open"},
        "search": {"q": "house 7"},
    }
    yield "batch_detail", batch
    yield from ((f"batch_detail, {name}", f"{batch}?{urlencode(query)}") for name, query in table.items())
    yield from ((name, reverse(name)) for name in ("quality", "quality_labels", "presets", "notices", "model_versions"))
    yield "quality_stream", reverse("quality_stream", args=[rows.number.owner.streams.order_by("created_at")[0].pk])
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
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from recognizer.services.history.statistics import compute_statistics

    started = time.perf_counter()
    rows = fill_in(count)
    print(f"({count:,} pictures filled in by SQL in {time.perf_counter() - started:.0f} s)\n")
    headers = {**session_of(rows.owner), "Accept": "text/html"}
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(rows.owner)
    server = place.web()
    server.start()
    try:
        print(f"{'':36}{'p50':>9}{'p95':>9}{'queries':>9}")
        for name, path in pages(rows):
            message = [request("GET", path, headers)]
            run(server.url, message, seconds=0.3, clients=2)  # warm up every process
            result = run(server.url, message, seconds=seconds, clients=1)
            with CaptureQueriesContext(connection) as queries:
                client.get(path)
            late = "" if result.p50 < WANTED_MS else f"   over {WANTED_MS} ms"
            late += "" if len(queries) <= MAX_QUERIES else f"   over {MAX_QUERIES} queries"
            errors = "" if not result.errors else f"   ERRORS {result.errors}"
            print(f"{name:36}{result.p50:7.1f}ms{result.p95:7.1f}ms{len(queries):9}{late}{errors}", flush=True)
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
