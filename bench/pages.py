"""A benchmark of every page for an owner of a hundred thousand pictures, requested by one client at a time.

    python -m bench.pages [--database sqlite|postgres|both] [--seconds 1.5] [--rows 100000] [--only batch_detail]

All pictures belong to one owner, the hardest case for the history. 10,000 of them are one batch, the most that a batch
takes, and each twentieth was audited, over twelve months. `--rows 0` and `--rows 3` are a new account and one with a
few answers. The median of a page should be under 40 ms. It makes under 12 queries, which are counted in this process.
`cpu` is the median of the processor time in this process, which other work on the machine changes less; SQLite's part
is in it. `sql` is that of the process of PostgreSQL that answers this one, without its parallel workers. With
`--seconds 0` only these and the queries are measured, on a machine that is too busy for the others. `--only` measures
the pages whose name contains a text.
"""

import os
import statistics
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bench.load import request, run
from bench.options import run_on_databases
from bench.stage import Stage, stage
from bench.web import session_of
from tests.pictures import varied_pngs

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

    from recognizer.models import Batch, Prediction, Preset

WANTED_MS, TOO_MANY_QUERIES = 40, 12
CORRECTED = 2_000  # pictures that were confirmed or corrected
IN_BATCH = 10_000
AUDITED_SHARE = 1 / 20
WAITING_SHARE = 0.03  # of the audits, the newest
MONTHS = 12
REPEATS = 9  # requests whose processor time is measured
PRESETS = ("Amount", "Parcel", "Room", "Student number", "Water meter")


@dataclass
class Rows:
    owner: "User"
    number: "Prediction | None"  # read by the model, with its files
    batch: "Batch | None"
    preset: "Preset | None"


def fill_in(rows: int) -> Rows:
    from django.contrib.auth.models import User

    from bench.fill import fill
    from recognizer.figures.drawings import draw_png
    from recognizer.models import Prediction
    from recognizer.services.reading.predictions import create_prediction

    owner = User.objects.create_superuser("owner")
    if not rows:
        return Rows(owner, None, None, None)
    pictures = list(varied_pngs(min(9, rows - 1)))
    templates = [create_prediction(owner=owner, data=data, source="upload") for data in pictures]
    if rows > len(templates) + 2:
        unsure = create_prediction(owner=owner, data=draw_png("4"), source="drawing", name="four.png")
        Prediction.objects.filter(pk=unsure.pk).update(decision="unsure", confidence=0.6)
        fill(owner, [], [*templates, unsure], rows)
    review(owner, min(CORRECTED, rows // 3))
    batch = make_batch(owner, min(IN_BATCH, rows))
    audit(max(1, int(AUDITED_SHARE * rows)))
    preset = make_presets(owner)
    number = create_prediction(owner=owner, data=draw_png("1905"), source="drawing", mode="number")
    analyse()
    return Rows(owner, number, batch, preset)


def analyse() -> None:
    """Count the values of the tables anew, as autovacuum does, and the product itself on SQLite."""
    from django.db import connection

    from recognizer.services.space.query_planner import update_planner_statistics

    update_planner_statistics()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def review(owner: "User", count: int) -> None:
    """Confirm or correct so many predictions, with the boxes of their digits; each tenth digit gets a wrong label."""
    from recognizer.models import Correction, Prediction

    # Keys are random, so these are spread over all dates.
    some = Prediction.objects.order_by("pk").prefetch_related("glyphs")[:count]
    Correction.objects.bulk_create(
        Correction(
            upload_id=each.upload_id,
            prediction=each,
            by=owner,
            kind="confirm" if n % 2 else "correct",
            text=each.text if n % 2 else str(n % 10),
            boxes=[
                {"box": [glyph.x, glyph.y, glyph.width, glyph.height], "label": str((glyph.digit + (n % 10 == 0)) % 10)}
                for glyph in each.glyphs.all()
            ],
        )
        for n, each in enumerate(some)
    )


def make_batch(owner: "User", count: int) -> "Batch":
    from recognizer.models import Batch, BatchItem, Prediction

    batch = Batch.objects.create(owner=owner, name="holiday.zip")
    in_batch = Prediction.objects.order_by("pk").values_list("upload", flat=True)[:count]
    BatchItem.objects.bulk_create(
        BatchItem(batch=batch, position=n, name=f"house {n % 100}/{n}.png", state="done", upload_id=key)
        for n, key in enumerate(in_batch)
    )
    return batch


def audit(count: int) -> None:
    """Save an audit of each of the newest predictions. Of a hundred, two are wrong; the newest are not checked yet."""
    from recognizer.models import Audit, Prediction

    predictions = list(Prediction.objects.exclude(stream=None).order_by("given_at")[:count])
    checked = count - int(WAITING_SHARE * count)
    months = months_back()
    Audit.objects.bulk_create(
        Audit(
            prediction=each,
            owner_id=each.owner_id,
            stream_id=each.stream_id,
            chosen_at=each.given_at,
            month=months[MONTHS * n // count],
            probability=AUDITED_SHARE,
            text=each.text,
            confidence=each.confidence,
            was_sure=True,
            is_right=n % 50 != 0 if n < checked else None,
        )
        for n, each in enumerate(predictions)
    )


def months_back() -> list[date]:
    """Return the first days of the last months, the oldest first."""
    from django.utils import timezone

    from recognizer.services.quality.streams import month_of

    newest = month_of(timezone.now())
    places = [12 * newest.year + newest.month - 1 - back for back in range(MONTHS)]
    return [date(place // 12, place % 12 + 1, 1) for place in reversed(places)]


def make_presets(owner: "User") -> "Preset":
    """Create presets with a stream of twelve months for each, and the earlier months of the other streams."""
    from recognizer.models import Stream, StreamMonth
    from recognizer.services.reading.presets import create_preset
    from recognizer.services.registry.model_versions import models

    months = months_back()
    version = models.active_model().version
    for name in PRESETS:
        preset = create_preset(owner=owner, name=name, mode="number", fields={"digits": "5"})
        kind: dict[str, Any] = {"mode": "number", "is_expected": True, "share": 0.2, "key": name}
        Stream.objects.create(owner=owner, model=version, preset=preset, name=name, **kind)
    StreamMonth.objects.bulk_create(
        [
            StreamMonth(stream=stream, month=month, sure=900, unsure=80, rejected=20)
            for stream in Stream.objects.filter(owner=owner)
            for month in months
        ],
        ignore_conflicts=True,
    )
    return preset


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
    yield "review_alike", reverse("review_alike")
    names = ("quality", "quality_labels", "presets", "preset_create", "notices", "model_versions")
    yield from ((name, reverse(name)) for name in names)
    yield "GET /api/v1/quality/", reverse("api:quality")
    if rows.number and rows.batch and rows.preset:
        yield from pages_of_objects(rows, rows.number, rows.batch, rows.preset)
    yield from ((name, reverse(f"admin:recognizer_{name}_changelist")) for name in ("upload", "prediction", "stream"))


def pages_of_objects(
    rows: Rows, number: "Prediction", in_batch: "Batch", preset: "Preset"
) -> Iterator[tuple[str, str]]:
    from django.urls import reverse

    yield "review, a batch", f"{reverse('review')}?batch={in_batch.pk}"
    yield "history, a batch", f"{reverse('history')}?batch={in_batch.pk}"
    batch = reverse("batch_detail", args=[in_batch.pk])
    table = {
        "page 50": {"page": 50},
        "by name, last first": {"ordering": "-name"},
        "least certain first": {"ordering": "certainty"},
        "by number": {"ordering": "number"},
        "by state": {"ordering": "state"},
        "unsure": {"shown": "unsure"},
        "sure": {"shown": "read"},
        "not a digit": {"shown": "rejected"},
        "corrected": {"shown": "changed"},
        "reviewed": {"shown": "reviewed"},
        "not reviewed": {"shown": "open"},
        "failed": {"shown": "failed"},
        "search": {"q": "house 7"},
        "search, digits": {"q": "7"},
    }
    yield "batch_detail", batch
    yield from ((f"batch_detail, {name}", f"{batch}?{urlencode(query)}") for name, query in table.items())
    yield "quality_stream", reverse("quality_stream", args=[rows.owner.streams.order_by("created_at")[0].pk])
    yield "preset_edit", reverse("preset_edit", args=[preset.pk])
    yield "upload_detail", reverse("upload_detail", args=[number.upload_id])
    first, second, *_ = number.glyphs.all()
    yield "explorer", reverse("explorer", args=[first.pk])
    last = number.model.card["networks"]["digit"]["layers"][-1]["name"]
    yield "explorer, last layer", reverse("explorer", args=[first.pk, last])
    yield "explorer, a channel", reverse("explorer", args=[first.pk, last, 0])
    yield "numbers", reverse("numbers", args=[first.pk, last])
    yield "what_if", reverse("what_if", args=[first.pk])
    yield "like_what", reverse("like_what", args=[first.pk])
    yield "why", reverse("why", args=[first.pk])
    yield "compare", f"{reverse('compare')}?a={first.pk}&b={second.pk}"
    yield "compare, search", f"{reverse('compare')}?a={first.pk}&b={second.pk}&digit=7"


def measure(place: Stage, seconds: float, count: int, only: str) -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from recognizer.services.history.statistics import compute_statistics

    started = time.perf_counter()
    rows = fill_in(count)
    print(f"({count:,} pictures filled in by SQL in {time.perf_counter() - started:.0f} s)\n")
    headers = {**session_of(rows.owner), "Accept": "text/html, */*;q=0.5"}
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(rows.owner)
    server = place.web() if seconds else None
    if server:
        server.start()
    try:
        clock = database_clock()
        print(f"{'':36}{'p50':>9}{'p95':>9}{'cpu':>9}{'sql':>9}{'queries':>9}")
        for name, path in ((name, path) for name, path in pages(rows) if only in name):
            p50 = p95 = 0.0
            errors = ""
            if server:
                message = [request("GET", path, headers)]
                run(server.url, message, seconds=0.3, clients=2)  # warm up every process
                result = run(server.url, message, seconds=seconds, clients=1)
                p50, p95 = result.p50, result.p95
                errors = "" if not result.errors else f"   ERRORS {result.errors}"
            client.get(path)  # the first view of a picture has its feature maps drawn
            with CaptureQueriesContext(connection) as captured:
                client.get(path)
            queries = len(captured)
            times = [processor_ms(client, path, clock) for _ in range(REPEATS)]
            cpu, sql = (statistics.median(each) for each in zip(*times, strict=True))
            late = "" if p50 < WANTED_MS else f"   over {WANTED_MS} ms"
            late += "" if queries < TOO_MANY_QUERIES else f"   {queries} queries"
            figures = "".join(f"{ms:7.1f}ms" for ms in (p50, p95, cpu, sql))
            print(f"{name:36}{figures}{queries:9}{late}{errors}", flush=True)
    finally:
        if server:
            server.stop()
    if not only:
        started = time.perf_counter()
        compute_statistics(rows.owner)
        print(f"statistics, counted anew: {1000 * (time.perf_counter() - started):.0f} ms")


def processor_ms(client: "Client", path: str, clock: Callable[[], float]) -> tuple[float, float]:
    """Return the processor time of a request in this process and, by `clock`, in that of the database."""
    started, database = time.process_time(), clock()
    client.get(path)
    return 1000 * (time.process_time() - started), 1000 * (clock() - database)


def database_clock() -> Callable[[], float]:
    """Return a function that reads the processor seconds of PostgreSQL's process for this connection; 0 on SQLite."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return lambda: 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    counters = Path(f"/proc/{pid}/schedstat")  # of Linux, in nanoseconds
    return lambda: int(counters.read_text().split()[0]) / 1e9


def measure_database(options: Namespace) -> None:
    print(f"\n## {options.database}, {os.cpu_count()} cores, one client, {options.seconds:g} s a line\n")
    with stage(options.database) as place:
        measure(place, options.seconds, options.rows, options.only)


if __name__ == "__main__":
    only = "the pages whose name contains this, as batch_detail"
    run_on_databases("bench.pages", __doc__, measure_database, seconds=1.5, rows=100_000, only=only)
