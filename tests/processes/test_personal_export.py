"""Tests of personal exports whose workers are killed: the file is whole, and its parts are written once."""

import io
import os
import zipfile

import pytest
from django.core.files.base import ContentFile

from recognizer.models import ExportPart, Upload
from recognizer.services.exports.exports import name_picture
from recognizer.services.exports.personal_exports import export_for, request_export
from recognizer.services.space import quotas
from tests.processes.conftest import Cluster, files_in, sized, wait_for, wait_for_jobs
from tests.processes.test_kills import Killer
from tests.recognizer.personal_exports import exported_bytes
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.processes, pytest.mark.slow]

PICTURES = sized(800, 8000)
PICTURE_BYTES = 100_000  # five parts of 16 MB
KILLS = sized(3, 20)


def add_uploads(owner) -> dict[str, bytes]:
    """Return the content of each picture by its name in the archive. Nothing reads the pictures."""
    rows, contents = [], {}
    for number in range(PICTURES):
        content = number.to_bytes(4, "big") + os.urandom(PICTURE_BYTES)
        row = Upload(
            owner=owner, source="api", sha256="", format="PNG", bytes=len(content), width=1, height=1, name=str(number)
        )
        row.original.save("original", ContentFile(content), save=False)
        rows.append(row)
        contents[name_picture(row)] = content
    Upload.objects.bulk_create(rows, batch_size=500)
    return contents


def test_an_export_is_whole_whatever_is_killed(redis_server: RedisServer, cluster: Cluster, alice, media):
    pictures = add_uploads(alice)
    stored = quotas.usage(alice.pk).bytes
    killer = Killer(cluster, redis_server)
    request_export(alice)
    for number in range(KILLS):
        wait_for(lambda number=number: ExportPart.objects.count() > number, seconds=60, what="a part")
        killer.kill(["child", "worker", "redis"][number % 3])
    wait_for_jobs(seconds=120)
    parts = list(ExportPart.objects.order_by("number"))
    print(f"{len(parts)} parts, kills {dict(killer.kills)}, {len(killer.hit_runs)} hit a running job")
    assert [part.number for part in parts] == list(range(len(parts)))
    assert killer.hit_runs
    archive = zipfile.ZipFile(io.BytesIO(exported_bytes(alice)))
    assert {name: archive.read(name) for name in archive.namelist() if name.startswith("pictures/")} == pictures
    assert quotas.usage(alice.pk).bytes == stored + export_for(alice).bytes
    # A part whose run was killed before its row was saved has no row; reconcile_media removes it a day later.
    assert {part.file.name for part in parts} <= files_in(media, "exports")
