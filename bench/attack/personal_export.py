"""Export of a large account: the seconds of each request and of the job, the job's longest run, and its memory.

    python -m bench.attack.personal_export --pictures 20000

Wanted: no request longer than 1 s beside the download, no run beyond half of the soft limit, 100 MB at most.
"""

import os
import resource
import tempfile
import time
import uuid
from pathlib import Path

import django

from bench.options import create_parser


def prepare(folder: Path) -> None:
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ENV_FILE": os.devnull,
        "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "LOG_LEVEL": "ERROR",
        "SECURITY_LOG_FILE": str(folder / "security.log"),
    }
    django.setup()
    from django.core.management import call_command

    call_command("prepare", verbosity=0)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_job() -> list[float]:
    """Run the job as a worker does, and return the seconds of each of its runs."""
    from recognizer.models import Job
    from recognizer.services.work import runs

    waiting = Job.objects.filter(kind=Job.Kind.PERSONAL_EXPORT, state=Job.State.WAITING)
    seconds = []
    while pk := waiting.values_list("pk", flat=True).first():
        job = runs.claim_job(pk, message=uuid.uuid4())
        assert job is not None
        started = time.perf_counter()
        runs.run_job(job)
        seconds.append(time.perf_counter() - started)
    return seconds


def main(pictures: int) -> None:
    from django.conf import settings
    from django.contrib.auth.models import User

    from bench.fill import fill
    from recognizer.figures.drawings import draw_png
    from recognizer.services.exports.personal_exports import export_for, request_export
    from recognizer.services.exports.personal_file import ExportFile
    from recognizer.services.reading.predictions import create_prediction

    owner, other = (User.objects.create_user(name) for name in ("owner", "other"))
    templates = [create_prediction(owner=other, data=draw_png(text), source="api") for text in ("1905", "7", "42")]
    fill(owner, [], templates, pictures)
    before = peak_mb()
    started = time.perf_counter()
    request_export(owner)
    print(f"request: {time.perf_counter() - started:.3f} s")
    seconds = run_job()
    export = export_for(owner)
    assert export is not None
    print(
        f"job: {sum(seconds):.1f} s in {len(seconds)} runs, the longest {max(seconds):.1f} s"
        f" (soft limit {settings.JOB_SOFT_LIMIT_SECONDS} s), {export.state}, {export.parts.count()} parts,"
        f" {export.bytes / 1e6:.1f} MB, {export.job.done:,} entries"
    )
    started = time.perf_counter()
    size = sum(map(len, ExportFile(export, with_tokens=True).read()))
    print(f"download: {time.perf_counter() - started:.2f} s for {size / 1e6:.1f} MB")
    print(f"memory: {peak_mb() - before:.0f} MB above the {before:.0f} MB before")


if __name__ == "__main__":
    parser = create_parser(__doc__)
    parser.add_argument("--pictures", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as created:
        prepare(Path(created))
        main(options.pictures)
