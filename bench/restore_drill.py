"""A drill of backup and restore: under writes, and with processes that are killed at random moments.

    python -m bench.restore_drill [--predictions 100000] [--writes 200] [--kills 20] [--encrypted]

A PostgreSQL is filled with predictions, each with a file of its own. While a thread adds pictures and removes others,
`manage.py backup` is killed so often: half of the times while it takes the first backup of a folder, and half while it
adds another one. Then it completes. `manage.py restore` into empty databases is killed so often, and then completes.

What is random is the moment within a phase, of which the commands print the first line; the phases take turns, so that
a short one is hit as often as a long one. The moment is drawn from the seconds that the phase took in a run that was
not killed. A phase may be shorter the next time, because files are there already; then the kill hits a later one. Last
are printed the phases that were really hit. A kill ends a process, not the machine.

After each restore every row has its file with the right SHA-256, every table has as many rows as the backup, and the
pictures are exactly those of the writer's last transaction in the backup.
"""

import hashlib
import os
import random
import secrets
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from bench.options import create_parser
from bench.restore_writer import Writer
from bench.stage import Stage, stage
from tests.pictures import varied_pngs

if TYPE_CHECKING:
    from recognizer.models import Prediction

START = "start of the process"


@dataclass
class Command:
    """A command of the product, and when each of its phases began. Each prints a line that ends with an ellipsis."""

    arguments: list[object]
    phases: list[tuple[str, float]] = field(default_factory=list)
    output: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        command = [sys.executable, "manage.py", *map(str, self.arguments)]
        self.news = threading.Condition()
        self.phases.append((START, time.monotonic()))
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.news:
                self.output.append(line)
                if line.endswith(" …\n"):
                    words = (word for word in line.removesuffix(" …\n").split() if not word.isdigit())
                    self.phases.append((" ".join(words), time.monotonic()))
                self.news.notify_all()

    def wait(self) -> list[tuple[str, float]]:
        """Wait for the end and return the phases with their seconds. The command must succeed."""
        assert self.process.wait() == 0, "".join(self.output)
        self.reader.join()
        return [
            (name, end - began) for (name, began), (_name, end) in pairwise([*self.phases, ("end", time.monotonic())])
        ]

    def kill(self, phase: int, seconds: float) -> str | None:
        """Kill the process so long after the phase began. Return the phase that was hit, or None if it had ended."""
        with self.news:
            self.news.wait_for(lambda: len(self.phases) > phase or self.process.poll() is not None, timeout=None)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        assert self.process.returncode <= 0, "".join(self.output)
        return self.phases[-1][0] if self.process.returncode else None


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--predictions", type=int, default=100_000)
    parser.add_argument("--writes", type=float, default=200, help="pictures added or removed each second")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--encrypted", action="store_true")
    options = parser.parse_args()
    if options.encrypted:
        os.environ["BACKUP_KEY"] = secrets.token_hex(32)
    started = time.monotonic()
    with stage("postgres") as place:
        drill(place, options)
        print(f"the whole drill: {(time.monotonic() - started) / 60:.1f} minutes", flush=True)


def drill(place: Stage, options: Namespace) -> None:
    from django.contrib.auth.models import User

    from recognizer.services.reading.predictions import create_prediction

    owner = User.objects.create_user("owner")
    picture = next(varied_pngs(1))
    template = create_prediction(owner=owner, data=picture, source="api")
    keys = fill_with_files(owner, template, picture, options.predictions)

    writer = Writer(template, picture, options.writes, keys)
    writer.start()
    first, backups = place.folder / "first", place.folder / "backups"
    phases = run("backup of all", "backup", first)
    hits = kill_often(options.kills // 2, phases[:2], "backup", backups)
    run("backup of all, after these kills", "backup", backups)
    phases = run("backup of what is new", "backup", backups)
    hits += kill_often(options.kills - options.kills // 2, phases, "backup", backups)
    run("backup after all kills", "backup", backups)
    assert writer.is_alive()
    writer.is_over.set()
    writer.join()
    print(
        f"{writer.writes} pictures were added or removed in {writer.seconds:.0f} s, "
        f"{writer.writes / writer.seconds:.0f} a second",
        flush=True,
    )
    show("backups", hits)
    run("verification", "verify_backup", backups)

    with environment_of(place, "whole"):
        phases = run("restore of all", "restore", first)
        check(first, writer)
    hits = Counter()
    number = 0
    while True:  # a restore that had ended before it was killed is followed by one into another empty installation
        number += 1
        with environment_of(place, f"killed{number}"):
            hits += kill_often(options.kills - hits.total(), phases, "restore", backups)
            if not has_rows():
                run(f"restore after {hits.total()} kills", "restore", backups)
            check(backups, writer)
        if hits.total() == options.kills:
            return show("restores", hits)


def fill_with_files(owner: object, template: "Prediction", picture: bytes, count: int) -> list[str]:
    """Add copies of a prediction with a different file each, and return the keys of their uploads."""
    from django.db import connection

    from bench.fill import fill

    started = time.monotonic()
    fill(owner, [], [template], count)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE recognizer_upload SET bytes = %s, sha256 = encode(sha256(%s || uuid_send(id)), 'hex'), original ="
            " 'uploads/' || left(id::text, 2) || '/' || id || '/original.png' WHERE id <> %s RETURNING id, original",
            [len(picture) + 16, picture, template.upload_id],
        )
        rows = cursor.fetchall()
        cursor.execute("VACUUM ANALYZE recognizer_upload")
    media = Path(os.environ["MEDIA_ROOT"])
    for key, name in rows:
        (media / name).parent.mkdir(parents=True, exist_ok=True)
        (media / name).write_bytes(picture + key.bytes)
    os.sync()  # at once, instead of each
    print(
        f"{len(rows)} predictions, each with a file of {len(picture) + 16} bytes, made in "
        f"{time.monotonic() - started:.0f} s",
        flush=True,
    )
    return [str(key) for key, _name in rows]


def run(what: str, *arguments: object) -> list[tuple[str, float]]:
    """Run a command, which must succeed. Show its minutes and processor time, and return the seconds of its phases."""
    before = os.times()
    phases = Command([*arguments]).wait()
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    seconds = sum(seconds for _name, seconds in phases)
    print(f"{what:34}{seconds / 60:6.1f} minutes, {processor:6.1f} s of the processor", flush=True)
    for name, seconds in phases:
        print(f"    {name:30}{seconds:6.1f} s", flush=True)
    return phases


def kill_often(count: int, phases: list[tuple[str, float]], *arguments: object) -> Counter[str]:
    """Start the command so often and kill it in each phase in turn. Count the phases hit.

    A restore that had ended is the last; a backup that had ended is one more backup.
    """
    hits: Counter[str] = Counter()
    turns = cycle(enumerate(phases))
    while hits.total() < count:
        number, (_name, seconds) = next(turns)
        phase = Command([*arguments]).kill(number, random.uniform(0, seconds))
        if phase:
            hits[phase] += 1
        if arguments[0] == "restore" and has_rows():
            break
    return hits


def show(what: str, hits: Counter[str]) -> None:
    named = ", ".join(f"{count} at “{name}”" for name, count in hits.items())
    print(f"{hits.total()} {what} were killed: {named}", flush=True)


class environment_of:  # noqa: N801  (a context)
    """The settings of an empty installation beside the one of the drill."""

    def __init__(self, place: Stage, name: str) -> None:
        self.before = dict(os.environ)
        self.url = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"
        self.name, self.media = name, place.folder / f"media-{name}"

    def __enter__(self) -> None:
        with psycopg.connect(self.before["DATABASE_URL"], autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {self.name}")
        os.environ |= {"DATABASE_URL": self.url, "MEDIA_ROOT": str(self.media)}

    def __exit__(self, *error: object) -> None:
        os.environ.update(self.before)


def has_rows() -> bool:
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        (table,) = database.execute("SELECT to_regclass('recognizer_upload')").fetchone()  # type: ignore[misc]
        return table is not None and database.execute("SELECT 1 FROM recognizer_upload LIMIT 1").fetchone() is not None


def check(backups: Path, writer: Writer) -> None:
    """Compare the restored installation, without any code of the product, with the backup's manifest and the writer."""
    from recognizer.services.backups.manifest import find_snapshot
    from recognizer.services.backups.places import open_place

    with open_place(backups) as place:
        manifest = find_snapshot(place).read_manifest()
    media = Path(os.environ["MEDIA_ROOT"])
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        for table, part in manifest.tables.items():
            (count,) = database.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # type: ignore[misc]
            assert count == part.lines, f"{table}: {count} rows instead of {part.lines}"
        rows = database.execute("SELECT id::text, original, sha256 FROM recognizer_upload").fetchall()
        (pairs,) = database.execute(
            "SELECT count(*) FROM recognizer_prediction p JOIN recognizer_glyph g ON g.prediction_id = p.id"
        ).fetchone()  # type: ignore[misc]
        (step,) = database.execute("SELECT last_name FROM auth_user WHERE username = 'owner'").fetchone()  # type: ignore[misc]
    wrong = [name for _key, name, digest in rows if hashlib.sha256((media / name).read_bytes()).hexdigest() != digest]
    expected = writer.keys_after(int(step or 0)) | {str(writer.template.upload_id)}
    keys = {key for key, _name, _digest in rows}
    missing, surplus = expected - keys, keys - expected
    print(
        f"    {manifest.rows} rows in {len(manifest.tables)} tables, {len(rows)} pictures with their files: "
        f"{len(wrong)} wrong, {len(missing)} missing, {len(surplus)} too many, {len(manifest.lost)} lost",
        flush=True,
    )
    assert not (wrong or missing or surplus or manifest.lost)
    assert pairs == len(rows) * writer.template.glyphs.count()


if __name__ == "__main__":
    main()
