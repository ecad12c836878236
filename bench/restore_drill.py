"""A drill of backup and restore: under writes, and with processes that are killed at random moments.

    python -m bench.restore_drill [--predictions 100000] [--writes 200] [--kills 20] [--encrypted]

A PostgreSQL is filled with predictions, each with a file of its own. While a thread adds pictures and removes them
again, `manage.py backup` is killed so often, and then completes. `manage.py restore` into empty databases is
killed so often, and then completes. At the end every restored row has its file with the right SHA-256, every table has
the rows of the backup, and what was committed before the backup and not removed is there.
"""

import hashlib
import os
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
from argparse import Namespace
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

from bench.options import create_parser
from bench.stage import Stage, stage
from tests.pictures import varied_pngs

if TYPE_CHECKING:
    from recognizer.models import Prediction

CHUNK = 500


@dataclass
class Writer(threading.Thread):
    """A thread that adds pictures and removes as many of all that are there, together so many a second."""

    template: "Prediction"
    picture: bytes
    per_second: float
    keys: list[str]  # of the pictures that are there
    added: dict[str, tuple[float, float]] = field(default_factory=dict)  # when the transaction began and had ended
    removed: dict[str, float] = field(default_factory=dict)  # when the removal began
    is_over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        from django.db import connection, transaction

        from recognizer.models import Prediction, Upload
        from recognizer.services.space.purge import remove_uploads

        started = time.time()
        while not self.is_over.is_set():
            time.sleep(max(0.0, started + self.writes / self.per_second - time.time()))
            upload = Upload.objects.get(pk=self.template.upload_id)
            prediction = Prediction.objects.get(pk=self.template.pk)
            began = time.time()
            upload.pk = uuid4()
            store(upload, self.picture)
            with transaction.atomic():
                upload.save(force_insert=True)
                prediction.pk, prediction.upload, prediction._state.adding = uuid4(), upload, True
                prediction.save(force_insert=True)
            self.added[str(upload.pk)] = began, time.time()
            self.keys.append(str(upload.pk))
            place = random.randrange(len(self.keys))
            self.keys[place], self.keys[-1] = self.keys[-1], self.keys[place]
            gone = self.keys.pop()
            self.removed[gone] = time.time()
            remove_uploads([Upload.objects.get(pk=gone)])
        connection.close()

    @property
    def writes(self) -> int:
        return len(self.added) + len(self.removed)

    def must_have(self, at: float) -> set[str]:
        """Return what a backup of this time must contain: the clocks are the same, and a second is spared."""
        return {
            key for key, (_began, ended) in self.added.items() if ended < at - 1 and self.removed.get(key, at) >= at
        }

    def may_not_have(self, at: float) -> set[str]:
        return {key for key, (began, _ended) in self.added.items() if began > at + 1}


def store(upload: object, picture: bytes) -> None:
    """Store a picture that is like no other, and note its digest in the row."""
    from django.core.files.base import ContentFile

    data = picture + secrets.token_bytes(16)
    upload.sha256, upload.bytes = hashlib.sha256(data).hexdigest(), len(data)  # type: ignore[attr-defined]
    upload.original.save("original", ContentFile(data), save=False)  # type: ignore[attr-defined]


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--predictions", type=int, default=100_000)
    parser.add_argument("--writes", type=float, default=200, help="pictures added or removed each second")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--encrypted", action="store_true")
    options = parser.parse_args()
    if options.encrypted:
        os.environ["BACKUP_KEY"] = secrets.token_hex(32)
    with stage("postgres") as place:
        drill(place, options)


def drill(place: Stage, options: Namespace) -> None:
    from django.contrib.auth.models import User

    from recognizer.services.reading.predictions import create_prediction

    owner = User.objects.create_user("owner")
    picture = next(varied_pngs(1))
    template = create_prediction(owner=owner, data=picture, source="api")
    keys = fill_with_files(owner, template, picture, options.predictions)

    writer = Writer(template, picture, options.writes, keys)
    writer.start()
    started = time.time()
    first, backups = place.folder / "first", place.folder / "backups"
    seconds = run("backup of all, under writes", "backup", first)
    killed = 0
    while killed < options.kills:  # a backup that had ended before is one more backup
        killed += kill_often(options.kills - killed, seconds, ["backup", backups])[0]
    run(f"backup after {killed} kills, under writes", "backup", backups)
    rate = writer.writes / (time.time() - started)
    assert writer.is_alive()
    writer.is_over.set()
    writer.join()
    print(
        f"{len(writer.added)} pictures were added and {len(writer.removed)} removed meanwhile, {rate:.0f} a second",
        flush=True,
    )
    run("verification", "verify_backup", backups)

    with environment_of(place, "whole"):
        seconds = run("restore of all", "restore", first)
        check(first, writer)
    killed = number = 0
    while True:  # a restore that had ended before it was killed is followed by one into another empty installation
        number += 1
        with environment_of(place, f"killed{number}"):
            now, has_ended = kill_often(options.kills - killed, seconds, ["restore", backups])
            killed += now
            if not has_ended:
                run(f"restore after {now} kills, {killed} in all", "restore", backups)
            check(backups, writer)
        if killed == options.kills:
            return


def fill_with_files(owner: object, template: "Prediction", picture: bytes, count: int) -> list[str]:
    """Return the keys of the uploads."""
    from bench.fill import fill
    from recognizer.models import Upload

    started = time.time()
    fill(owner, [], [template], count)  # type: ignore[arg-type]
    keys = list(Upload.objects.exclude(pk=template.upload_id).values_list("pk", flat=True))
    for start in range(0, len(keys), CHUNK):
        uploads = list(Upload.objects.filter(pk__in=keys[start : start + CHUNK]))
        for upload in uploads:
            store(upload, picture)
        Upload.objects.bulk_update(uploads, ["original", "sha256", "bytes"])
    print(f"{len(keys)} predictions with files, made in {time.time() - started:.0f} s", flush=True)
    return [str(key) for key in keys]


def start(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "manage.py", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(what: str, *arguments: object) -> float:
    """Run a command, which must succeed, show its seconds and those of the processor, and return the former."""
    started, before = time.time(), os.times()
    process = start(*arguments)
    output = process.communicate()[0]
    assert process.returncode == 0, output
    after, seconds = os.times(), time.time() - started
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"{what:42}{seconds:8.1f} s, {processor:6.1f} s of the processor", flush=True)
    return seconds


def kill_often(count: int, seconds: float, arguments: list[object]) -> tuple[int, bool]:
    """Start the command so often, and kill it at random moments. Return how often, and whether one ended before."""
    for killed in range(count):
        process = start(*arguments)
        try:
            process.wait(random.uniform(0.1, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == 0:
            return killed, True
    return count, False


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


def check(backups: Path, writer: Writer) -> None:
    """Compare the restored installation, without any code of the product, with the backup's manifest and the writer."""
    from recognizer.services.backups.manifest import find_snapshot
    from recognizer.services.backups.places import open_place

    with open_place(backups) as place:
        manifest = find_snapshot(place).read_manifest()
    at = datetime.fromisoformat(manifest.created_at).timestamp()
    media = Path(os.environ["MEDIA_ROOT"])
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        for table, part in manifest.tables.items():
            (count,) = database.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # type: ignore[misc]
            assert count == part.lines, f"{table}: {count} rows instead of {part.lines}"
        rows = database.execute("SELECT id::text, original, sha256 FROM recognizer_upload").fetchall()
    wrong = [name for _key, name, digest in rows if hashlib.sha256((media / name).read_bytes()).hexdigest() != digest]
    keys = {key for key, _name, _digest in rows}
    missing, early = writer.must_have(at) - keys, writer.may_not_have(at) & keys
    print(
        f"    {manifest.rows} rows in {len(manifest.tables)} tables, {len(rows)} pictures with their files: "
        f"{len(wrong)} wrong, {len(missing)} missing, {len(early)} from after the backup, {len(manifest.lost)} lost"
    )
    assert not (wrong or missing or early or manifest.lost)


if __name__ == "__main__":
    main()
