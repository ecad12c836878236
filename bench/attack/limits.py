"""One account that asks for as much as it can: what it stores beside what is counted, and which requests are refused.

    python -m bench.attack.limits

Wanted: the bytes on the disk are those that count, ten readings of one picture cost little more than one, and every
door refuses what exceeds its budget.
"""

import json
import os
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django

READINGS, REQUESTS, BUDGET = 10, 40, 10
STROKES = [{"pen": 26, "erases": False, "points": [[n / 3, n / 7, 0.5, n] for n in range(20_000)]}]  # 900 kB


def prepare(folder: Path) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ENV_FILE": os.devnull,
        "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "ALLOWED_HOSTS": "testserver",
        "REDIS_URL": "redis://127.0.0.1:1/0",  # budgets are counted in this process
        "LOG_LEVEL": "CRITICAL",
    }
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # nothing has to be collected
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    from recognizer.services.registry.model_versions import register_shipped_model

    call_command("migrate", verbosity=0)
    register_shipped_model()


def run_jobs() -> None:
    """Run every waiting job, as a worker does."""
    from recognizer.models import Job
    from recognizer.services.work import runs

    while pk := Job.objects.filter(state=Job.State.WAITING).values_list("pk", flat=True).first():
        job = runs.claim_job(pk, message=uuid.uuid4())
        if job:
            runs.run_job(job)


def report(what: str, folder: Path) -> None:
    from recognizer.models import Usage

    files = [path.stat().st_size for path in (folder / "media").rglob("*") if path.is_file()]
    database = sum(path.stat().st_size for path in folder.glob("bench.sqlite3*"))  # with its journal
    counted = Usage.objects.values_list("bytes", flat=True).first() or 0
    print(
        f"{what:44}{len(files):6} files{sum(files) / 1e6:8.2f} MB, database{database / 1e6:7.2f} MB,"
        f" counted{counted / 1e6:8.2f} MB",
        flush=True,
    )


def store(client: Any, folder: Path) -> None:
    """Store one picture, and everything that can be made of it again and again."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from recognizer.figures.drawings import draw_png
    from recognizer.models import Upload

    def send(data: bytes, **fields: str) -> None:
        client.post("/uploads/", {**fields, "image": SimpleUploadedFile("a.png", data, "image/png")})
        run_jobs()

    send(draw_png("20261905"))
    page = f"/uploads/{Upload.objects.get().pk}"
    report("one picture of eight digits", folder)
    for _ in range(READINGS):
        client.post(f"{page}/read-again/", {"mode": "number"})
        run_jobs()
    report(f"read again {READINGS} times", folder)
    for number in range(100):
        client.post(f"{page}/correct/", {"action": "text", "value": str(10**7 + number)})
    report("100 corrections", folder)
    for _ in range(5):
        send(draw_png("7"), source="drawing", strokes=json.dumps(STROKES))
    report("5 drawings with long strokes", folder)
    damaged = [SimpleUploadedFile(f"{n}.png", draw_png("7")[:900], "image/png") for n in range(100)]
    client.post("/uploads/", {"image": damaged})
    run_jobs()
    report("a batch of 100 damaged files", folder)


def requests(client: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from recognizer.figures.drawings import draw_png

    picture = draw_png("7")
    yield "POST /preview/", lambda: client.post("/preview/", {"image": SimpleUploadedFile("a.png", picture)})
    yield "GET /history/", lambda: client.get("/history/")
    yield "GET /api/v1/predictions/", lambda: client.get("/api/v1/predictions/")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        from django.conf import settings
        from django.contrib.auth.models import User
        from django.test import Client

        from recognizer.services import throttles

        client = Client()
        client.force_login(User.objects.create_user("attacker"))
        store(client, folder)
        throttles.local_counter.windows.clear()
        settings.API_REQUESTS_PER_USER = settings.PREVIEWS_PER_USER = BUDGET
        for what, send in requests(client):
            statuses = Counter(send().status_code for _ in range(REQUESTS))
            print(f"{what:28} budget {BUDGET}, {REQUESTS} requests: {dict(statuses)}", flush=True)


if __name__ == "__main__":
    main()
