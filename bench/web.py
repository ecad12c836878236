"""A benchmark of the web server under load, on SQLite and on PostgreSQL, compared with a trivial view.

    python -m bench.web [--database sqlite|postgres|both] [--seconds 8] [--rows 1000000]

Clients and servers share the machine's cores, so a busy machine slows everything. Compare the ratios.
"""

import contextlib
import os
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.load import CLIENTS, Result, multipart, request, run
from bench.options import run_on_databases
from bench.stage import Stage, memory_of, stage
from tests.pictures import varied_pngs
from tests.servers.web import WebServer

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PICTURES = 200
FEW = 100


@dataclass
class Table:
    """A printed table of figures, each also as a ratio to the first line's."""

    trivial: Result | None = None

    def add(self, name: str, result: Result) -> None:
        if self.trivial is None:
            self.trivial = result
            print(f"{'':44}{'p50':>9}{'p95':>9}{'p99':>9}{'req/s':>9}   p50 and req/s against the trivial view")
        errors = "" if not result.errors else f"   ERRORS {result.errors}"
        print(
            f"{name:44}{result.p50:7.1f}ms{result.p95:7.1f}ms{result.p99:7.1f}ms{result.per_second:9.1f}"
            f"   ×{result.p50 / self.trivial.p50:.2f}  1/{self.trivial.per_second / result.per_second:.2f}{errors}",
            flush=True,
        )


class Bench:
    def __init__(self, place: Stage, seconds: float) -> None:
        from django.contrib.auth.models import User

        from recognizer.services.people.tokens import create_token

        self.place, self.seconds, self.table = place, seconds, Table()
        self.owner = User.objects.create_user("owner")
        self.others = [User.objects.create_user(f"other{n}") for n in range(9)]
        secret = create_token(user=self.owner, name="bench")[1]
        self.token = {"Authorization": f"Bearer {secret}", "Accept": "application/json"}
        self.cookies = {**session_of(self.owner), "Accept": "text/html"}
        self.pictures = list(varied_pngs(PICTURES))

    @contextlib.contextmanager
    def web(self) -> Iterator[WebServer]:
        server = self.place.web()
        server.start()
        try:
            yield server
        finally:
            server.stop()

    def measure(self, server: WebServer, name: str, requests: Sequence[bytes], clients: int = CLIENTS) -> Result:
        run(server.url, requests, seconds=1)  # warm up every process
        result = run(server.url, requests, seconds=self.seconds, clients=clients)
        self.table.add(name, result)
        return result

    def api_requests(self) -> list[bytes]:
        return [post("/api/v1/predictions/", "image", picture, self.token) for picture in self.pictures]

    def page_requests(self) -> list[bytes]:
        """Return requests of the page's form, which queues the feature maps at once."""
        from django.urls import reverse

        return [post(reverse("upload_create"), "image", picture, self.cookies) for picture in self.pictures]

    def measure_lists(self, server: WebServer, rows: str) -> tuple[Result, Result]:
        from django.urls import reverse

        page = self.measure(server, f"GET history, {rows}", [request("GET", reverse("history"), self.cookies)])
        api = self.measure(server, f"GET API list, {rows}", [request("GET", "/api/v1/predictions/", self.token)])
        return page, api

    def fill(self, first: int, count: int, others: Sequence["User"]) -> None:
        from bench.fill import fill
        from recognizer.services.reading.predictions import create_prediction

        started = time.perf_counter()
        templates = [create_prediction(owner=self.others[0], data=data, source="api") for data in self.pictures[:10]]
        fill(self.owner, others, templates, count, first=first)
        print(f"({count - first:,} predictions filled in by SQL in {time.perf_counter() - started:.0f} s)", flush=True)

    def main(self, rows: int) -> None:
        self.measure_start_up()
        with self.web() as server:
            self.fill(0, FEW, [])
            self.measure(server, "trivial view (GET /healthz)", [request("GET", "/healthz", {})])
            few = self.measure_lists(server, f"{FEW} predictions")
            self.measure_answers(server, "")
            self.measure_maps(server)
        self.fill(FEW, rows, self.others)
        with self.web() as server:
            many = self.measure_lists(server, f"{rows // 10:,} of {rows:,}")
            self.measure_answers(server, f" at {rows:,}")
            for name, before, after in zip(("history", "API list"), few, many, strict=True):
                print(f"{name}: {after.p50 / before.p50:.2f} times the p50 of {FEW} predictions (at most 3 wanted)")
            self.report_memory(server)

    def measure_start_up(self) -> None:
        server = self.place.web()
        started = time.perf_counter()
        server.start()
        print(f"first answer {time.perf_counter() - started:.2f} s after gunicorn's start (at most 3 wanted)")
        time.sleep(1)
        rest = ", ".join(f"{memory.now:.0f}" for memory in memory_of(server))
        print(f"web processes at rest: {rest} MB (at most 160 wanted)")
        server.stop()

    def measure_answers(self, server: WebServer, where: str) -> None:
        result = self.measure(server, f"POST prediction (API){where}", self.api_requests())
        trivial = self.table.trivial
        assert trivial is not None
        print(
            f"  → 1/{trivial.per_second / result.per_second:.2f} of the trivial view's requests (1/8 wanted);"
            f" p50 {result.p50:.1f} ms of {8 * trivial.p50 + 6:.1f} ms allowed"
        )

    def measure_maps(self, server: WebServer) -> None:
        """Measure uploads in the page, each of which queues a job: first without a worker, then with one."""
        uploads = self.page_requests()
        before = self.queue_length()
        self.measure(server, "POST picture (page), worker stopped", uploads)
        print(f"  → the queue grew from {before} to {self.queue_length()} jobs")
        worker = self.place.worker()
        worker.start()
        try:
            before = self.queue_length()
            self.measure(server, "POST picture (page), worker running", uploads)
            print(f"  → the queue went from {before} to {self.queue_length()} jobs")
            self.measure_drawing()
            loaded = any(memory.loaded_tensorflow for memory in memory_of(worker))
            peak = max(memory.peak for memory in memory_of(worker))
            print(f"  → worker process: {peak:.0f} MB at its peak, TensorFlow {'LOADED' if loaded else 'not loaded'}")
        finally:
            worker.stop()

    def measure_drawing(self) -> None:
        """Measure what one worker process draws in ten seconds while nothing else runs."""
        from django.db.models import Avg, F

        from recognizer.models import FeatureMap, Job

        done, drawn = Job.objects.filter(state=Job.State.DONE), FeatureMap.objects.exclude(image="")
        started, jobs, maps = time.perf_counter(), done.count(), drawn.count()
        time.sleep(10)
        seconds = time.perf_counter() - started
        jobs, maps = done.count() - jobs, drawn.count() - maps
        spent = done.aggregate(spent=Avg(F("finished_at") - F("started_at")))["spent"]
        each = f"{1000 * spent.total_seconds():.0f} ms" if spent else "nothing"
        print(
            f"  → one worker process: {jobs / seconds:.1f} predictions with {maps / seconds:.0f} maps a second;"
            f" {each} for the maps of one prediction (at most 150 wanted)"
        )

    def queue_length(self) -> int:
        from recognizer.services.work.broker import queue_lengths
        from recognizer.services.work.queues import BULK, INTERACTIVE

        return sum(queue_lengths([INTERACTIVE, BULK]).values())

    def report_memory(self, server: WebServer) -> None:
        memories = memory_of(server)
        peak = ", ".join(f"{memory.peak:.0f}" for memory in memories)
        loaded = "LOADED" if any(memory.loaded_tensorflow for memory in memories) else "not loaded"
        print(f"web processes at their peak: {peak} MB (under 160 wanted), TensorFlow {loaded}")


def post(path: str, field: str, picture: bytes, headers: dict[str, str], **texts: str) -> bytes:
    body, content_type = multipart(field, picture, **texts)
    return request("POST", path, {**headers, "Content-Type": content_type}, body)


def session_of(user: "User") -> dict[str, str]:
    """Return the headers of a browser in which the person is logged in."""
    from django.conf import settings
    from django.middleware.csrf import _get_new_csrf_string
    from django.test import Client

    client = Client()
    client.force_login(user)
    session, csrf = client.cookies[settings.SESSION_COOKIE_NAME].value, _get_new_csrf_string()
    cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={csrf}"
    return {"Cookie": cookies, "X-CSRFToken": csrf}


def main(bench: type[Bench], module: str, description: str | None) -> None:
    def run(options: Namespace) -> None:
        name, cores = options.database, os.cpu_count()
        print(f"\n## {module}: {name}, {cores} cores, {CLIENTS} clients, {options.seconds:g} s a line\n")
        with stage(name) as place:
            bench(place, options.seconds).main(options.rows)

    run_on_databases(module, description, run, seconds=8, rows=1_000_000)


if __name__ == "__main__":
    main(Bench, "bench.web", __doc__)
