"""Runs the jobs that write personal exports, as a worker would, and reads their files."""

import io
import uuid
import zipfile

from django.contrib.auth.models import User

from recognizer.models import Job
from recognizer.services.exports.personal_exports import export_for, request_export
from recognizer.services.exports.personal_file import ExportFile
from recognizer.services.work import runs


def run_export_jobs() -> None:
    """Run the waiting export jobs until none waits."""
    waiting = Job.objects.filter(kind=Job.Kind.PERSONAL_EXPORT, state=Job.State.WAITING)
    while pk := waiting.values_list("pk", flat=True).first():
        job = runs.claim_job(pk, message=uuid.uuid4())
        assert job is not None
        runs.run_job(job)


def exported_bytes(user: User, *, with_tokens: bool = True) -> bytes:
    """Return the file of the user's export, which is ready."""
    export = export_for(user)
    assert export is not None
    assert export.state == export.State.READY, export.job.error
    return b"".join(ExportFile(export, with_tokens=with_tokens).read())


def export_everything(user: User) -> zipfile.ZipFile:
    """Export the account and return the archive."""
    request_export(user)
    run_export_jobs()
    return zipfile.ZipFile(io.BytesIO(exported_bytes(user)))
