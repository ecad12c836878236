"""A drill of the upgrade from release 1.0.0, and of the way back, on a filled PostgreSQL.

    python -m bench.migrations [--rows 1000000]

The tables are those of 1.0.0. While `manage.py migrate` runs in a process of its own, one thread reads the newest
answers of a history and another adds pictures, both with the columns of that release: its processes go on until they
are restarted. Then the tables go back to those of 1.0.0 and forth again. After each step all columns of 1.0.0 are
compared, in every row that was there before. The two threads are measured without migrations as well.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from bench.options import create_parser
from bench.stage import stage
from tests.pictures import varied_pngs

RELEASE_1_0_0 = "0006_deleted_by_owner"
PAUSE_SECONDS = 0.005
WAIT_SECONDS = 1.0
BASELINE_SECONDS = 15
# All rows but those of the account that writes.
TABLES = {"Upload": "owner_id <> %s", "Prediction": "owner_id <> %s", "Glyph": "%s IS NOT NULL"}


@dataclass
class Client(threading.Thread):
    """A process of 1.0.0 that does one thing again and again: when each began, its seconds, and what failed."""

    action: Callable[[], object]
    calls: list[tuple[float, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        from django.db import DatabaseError, connection

        while not self.is_over.wait(PAUSE_SECONDS):
            started = time.perf_counter()
            try:
                self.action()
            except DatabaseError as error:
                self.errors.append(str(error))
            self.calls.append((started, time.perf_counter() - started))
        connection.close()

    def longest(self, start: float, end: float) -> float:
        """Return the seconds of the longest call that ran between two moments."""
        return max((seconds for began, seconds in self.calls if began < end and began + seconds > start), default=0.0)

    def describe(self) -> str:
        waits = [seconds for _began, seconds in self.calls if seconds > WAIT_SECONDS]
        longest = max(seconds for _began, seconds in self.calls)
        return (
            f"{len(self.calls):7} calls, the longest {longest:5.2f} s; "
            f"{sum(waits):5.1f} s in waits over {WAIT_SECONDS:.0f} s; {len(self.errors)} failed"
        )


@dataclass
class Release:
    """The models of 1.0.0, as its processes have them, and the accounts of the drill."""

    models: dict[str, Any]
    reader: int
    writer: int
    template: Any

    def read(self) -> None:
        rows = self.models["Prediction"].objects.filter(owner_id=self.reader, is_current=True)
        assert len(list(rows.order_by("-given_at", "-id")[:50])) == 50

    def write(self) -> None:
        from django.db import transaction

        prediction = self.models["Prediction"].objects.get(pk=self.template.pk)
        upload = self.models["Upload"].objects.get(pk=prediction.upload_id)
        upload.pk, upload.owner_id, upload._state.adding = uuid4(), self.writer, True
        prediction.pk, prediction.owner_id, prediction._state.adding = uuid4(), self.writer, True
        prediction.upload_id = upload.pk
        with transaction.atomic():
            upload.save(force_insert=True)
            prediction.save(force_insert=True)

    def digests(self) -> dict[str, tuple[int, int]]:
        """Return for each table the number of its rows and a sum of their hashes, over the columns of 1.0.0."""
        from django.db import connection

        found = {}
        with connection.cursor() as cursor:
            for name, condition in TABLES.items():
                meta = self.models[name]._meta
                columns = ", ".join(f'"{column.column}"' for column in meta.concrete_fields)
                cursor.execute(
                    f"SELECT count(*), sum(hashtextextended(ROW({columns})::text, 0)) FROM {meta.db_table}"
                    f" WHERE {condition}",
                    [self.writer],
                )
                found[name] = cursor.fetchone()
        return found


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with stage("postgres"):
        drill(options.rows)


def drill(rows: int) -> None:
    release = prepare_release(rows)
    before = release.digests()
    with clients(release) as measured:
        time.sleep(BASELINE_SECONDS)
    show(f"without migrations, {BASELINE_SECONDS} s", measured)

    with clients(release) as measured:
        seconds = migrate_measured(measured)
    show(f"upgrade of {before['Prediction'][0]} predictions, {seconds:.1f} s", measured)
    require_equal(before, release)

    written = count_written(release)
    print(f"back to 1.0.0, without processes{migrate('recognizer', RELEASE_1_0_0):8.1f} s")
    require_equal(before, release)
    assert count_written(release) == written
    release.read()
    release.write()
    print(f"and forth again{migrate():25.1f} s")
    require_equal(before, release)
    print(f"all columns of 1.0.0 are the same in {sum(count for count, _sum in before.values())} rows after each step")


def prepare_release(rows: int) -> Release:
    """Fill the tables of 1.0.0. The first ten predictions are read, and the others are copies of them."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    from bench.fill import fill
    from recognizer.services.reading.predictions import create_prediction

    reader, writer, other = (User.objects.create_user(name) for name in ("reader", "writer", "other"))
    templates = [create_prediction(owner=other, data=data, source="api") for data in varied_pngs(10)]
    migrate("recognizer", RELEASE_1_0_0)
    apps = MigrationLoader(connection).project_state(("recognizer", RELEASE_1_0_0)).apps
    models = {name: apps.get_model("recognizer", name) for name in TABLES}
    started = time.perf_counter()
    fill(reader, [other], templates, rows, tables=(models["Upload"], models["Prediction"], models["Glyph"]))
    print(f"{rows} predictions in the tables of 1.0.0, made in {time.perf_counter() - started:.0f} s", flush=True)
    return Release(models, reader.pk, writer.pk, templates[0])


@contextmanager
def clients(release: Release) -> Iterator[dict[str, Client]]:
    running = {"reads": Client(release.read), "writes": Client(release.write)}
    for client in running.values():
        client.start()
    yield running
    for client in running.values():
        client.is_over.set()
    for client in running.values():
        client.join()


def migrate(*target: str) -> float:
    """Migrate in a process of its own, as an operator does, and return its seconds."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0", *target], check=True)
    return time.perf_counter() - started


def migrate_measured(running: dict[str, Client]) -> float:
    """Migrate and show for each migration its seconds and the longest read and write during it."""
    print(f"{'migration':44}{'seconds':>9}{'longest read':>14}{'longest write':>15}")
    command = [sys.executable, "-u", "manage.py", "migrate", "--verbosity", "2"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("  Applying"):
                now = time.perf_counter()
                seconds = float(line.rpartition("(")[2].rstrip("s)\n"))
                longest = [client.longest(now - seconds, now) for client in running.values()]
                name = line.split()[1].rstrip(".")
                print(f"{name:44}{seconds:9.2f}{longest[0]:12.2f} s{longest[1]:13.2f} s", flush=True)
    assert process.returncode == 0
    return time.perf_counter() - started


def show(what: str, measured: dict[str, Client]) -> None:
    print(what)
    for name, client in measured.items():
        print(f"    {name:7}{client.describe()}", flush=True)
        for error in sorted(set(client.errors))[:3]:
            print(f"        {error}")


def count_written(release: Release) -> int:
    return int(release.models["Prediction"].objects.filter(owner_id=release.writer).count())


def require_equal(before: dict[str, tuple[int, int]], release: Release) -> None:
    after = release.digests()
    assert after == before, f"{before} before, {after} now"


if __name__ == "__main__":
    main()
