"""A benchmark of pages and lists as an installation grows to ten times its rows.

    python -m bench.growth [--database postgres] [--seconds 5] [--rows 1000000]

One row in ten belongs to the person whose pages are measured, with one client. `growth` is the median at ten times the
rows over that at the rows.

Wanted: at most 1.3, from a million rows to ten.
"""

import os
import time
from argparse import Namespace
from typing import TYPE_CHECKING

from bench.load import request, run
from bench.options import run_on_databases
from bench.stage import Stage, stage
from bench.web import session_of
from tests.pictures import varied_pngs

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from recognizer.models import Prediction

TIMES = 10
STEP = 1_000_000  # rows of one transaction


class Growth:
    def __init__(self, place: Stage, seconds: float) -> None:
        from django.contrib.auth.models import User

        from bench.fill import OWNER_SHARE

        self.place, self.seconds = place, seconds
        self.owner = User.objects.create_user("owner")
        self.others = [User.objects.create_user(f"other{n}") for n in range(OWNER_SHARE - 1)]
        self.templates = make_templates(self.others[0])
        self.rows = 0

    def grow(self, rows: int) -> None:
        """Add predictions until there are so many, and count the tables' values anew, as autovacuum does."""
        from django.db import connection

        from bench.fill import fill

        started = time.perf_counter()
        while self.rows < rows:
            until = min(self.rows + STEP, rows)
            fill(self.owner, self.others, self.templates, until, first=self.rows)
            self.rows = until
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        print(f"({rows:,} predictions after {time.perf_counter() - started:.0f} s)", flush=True)

    def measure(self) -> dict[str, float]:
        """Return the median of each page in milliseconds."""
        headers = {**session_of(self.owner), "Accept": "text/html, application/json;q=0.9"}
        server = self.place.web()
        server.start()
        medians = {}
        try:
            for name, path in paths().items():
                message = [request("GET", path, headers)]
                run(server.url, message, seconds=1, clients=2)  # warm up every process
                result = run(server.url, message, seconds=self.seconds, clients=1)
                medians[name] = result.p50 if not result.errors else float("nan")
        finally:
            server.stop()
        return medians


def make_templates(owner: "User") -> "list[Prediction]":
    """Return predictions to copy, one of them unsure. Nine, so that each of the ten owners gets every digit."""
    from recognizer.models import Prediction
    from recognizer.services.reading.predictions import create_prediction

    templates = [create_prediction(owner=owner, data=data, source="api") for data in varied_pngs(9)]
    Prediction.objects.filter(pk=templates[0].pk).update(decision="unsure", confidence=0.6)
    return templates


def paths() -> dict[str, str]:
    from django.urls import reverse

    history, review, api = reverse("history"), reverse("review"), reverse("api:predictions")
    return {
        "history": history,
        "history, unsure": f"{history}?decision=unsure",
        "history, a digit": f"{history}?digit=7",
        "review": review,
        "review, sure ones too": f"{review}?all",
        "API list": api,
        "API list, unsure": f"{api}?decision=unsure",
    }


def measure_database(options: Namespace) -> None:
    print(f"\n## bench.growth: {options.database}, {os.cpu_count()} cores, one client, {options.seconds:g} s a line\n")
    with stage(options.database) as place:
        growth = Growth(place, options.seconds)
        growth.grow(options.rows)
        before = growth.measure()
        growth.grow(TIMES * options.rows)
        after = growth.measure()
    print(f"\n{'':24}{options.rows:>14,}{TIMES * options.rows:>14,}{'growth':>9}")
    for name in before:
        ratio = after[name] / before[name]
        print(f"{name:24}{before[name]:12.1f}ms{after[name]:12.1f}ms{ratio:9.2f}")


if __name__ == "__main__":
    run_on_databases("bench.growth", __doc__, measure_database, seconds=5, rows=1_000_000)
