"""A benchmark of the migrations on a filled PostgreSQL: seconds for each, and the longest wait of a reader meanwhile.

    python -m bench.migrations [--rows 1000000] [--first 0008]

The database is filled, migrated back to the migration before `--first` and then forwards again. Meanwhile a second
connection reads the newest rows of an owner's history every few milliseconds.
"""

import threading
import time
from dataclasses import dataclass, field

from bench.options import create_parser
from bench.stage import stage
from tests.pictures import varied_pngs

READ = """
SELECT id, text FROM recognizer_prediction WHERE owner_id = %s AND is_current ORDER BY given_at DESC, id DESC LIMIT 50
"""


@dataclass
class Reader:
    """A connection that reads until it is stopped, and the milliseconds that each read took."""

    owner: int
    is_stopped: threading.Event = field(default_factory=threading.Event)
    milliseconds: list[float] = field(default_factory=list)

    def read(self) -> None:
        from django.db import connection

        while not self.is_stopped.wait(0.005):
            started = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute(READ, [self.owner])
                cursor.fetchall()
            self.milliseconds.append(1000 * (time.perf_counter() - started))
        connection.close()


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--first", default="0009", help="the number of the first migration that is measured")
    options = parser.parse_args()
    with stage("postgres"):
        measure(options.rows, options.first)


def measure(rows: int, first: str) -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    from bench.fill import fill
    from recognizer.services.reading.predictions import create_prediction

    owner, other = User.objects.create_user("owner"), User.objects.create_user("other")
    pictures = list(varied_pngs(10))
    templates = [create_prediction(owner=other, data=data, source="api") for data in pictures]
    fill(owner, [other], templates, rows)
    names = sorted(name for app, name in MigrationLoader(connection).graph.nodes if app == "recognizer")
    measured = [name for name in names if name[:4] >= first]
    call_command("migrate", "recognizer", names[names.index(measured[0]) - 1], verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE recognizer_prediction")
    print(f"{'migration':40}{'seconds':>9}{'reads':>8}{'longest read':>14}")
    total = 0.0
    for name in measured:
        reader = Reader(owner.pk)
        thread = threading.Thread(target=reader.read)
        thread.start()
        started = time.perf_counter()
        call_command("migrate", "recognizer", name, verbosity=0)
        seconds = time.perf_counter() - started
        reader.is_stopped.set()
        thread.join()
        total += seconds
        longest = max(reader.milliseconds, default=0.0)
        print(f"{name:40}{seconds:9.1f}{len(reader.milliseconds):8}{longest:11.0f} ms", flush=True)
    print(f"{'all':40}{total:9.1f}   (at most 60 wanted)")


if __name__ == "__main__":
    main()
