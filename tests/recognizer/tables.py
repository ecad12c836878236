"""XLSX files that a page has asked for: written by their job, fetched, and opened by another library."""

import io
import uuid
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.test import Client
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from recognizer.models import Job
from recognizer.services.work import runs


def write_tables() -> None:
    """Run the waiting jobs of table exports, each once."""
    for job in Job.objects.filter(kind=Job.Kind.TABLE_EXPORT, state=Job.State.WAITING):
        claimed = runs.claim_job(job.pk, message=uuid.uuid4())
        assert claimed
        runs.run_job(claimed)


def fetch_file(client: Client, redirect: HttpResponse) -> Any:
    """Run the job of an export, and return the response with its file."""
    assert redirect.status_code == 302
    write_tables()
    return client.get(f"{redirect['Location']}file/")


def fetch_workbook(client: Client, redirect: HttpResponse) -> Workbook:
    response = fetch_file(client, redirect)
    assert response.status_code == 200
    return load_workbook(io.BytesIO(b"".join(response.streaming_content)))


def fetch_api_workbook(batch_url: str, token: dict[str, str]) -> Workbook:
    """Have the XLSX file of a batch written through the API, and fetch it as its answers say."""
    started = Client().post(f"{batch_url}results.xlsx", headers=token)
    assert (started.status_code, started.json()["state"], started.json()["file_url"]) == (202, "running", None)
    write_tables()
    ready = Client().get(started["Location"], headers=token).json()
    assert ready["state"] == "ready"
    response = Client().get(ready["file_url"], headers=token)
    return load_workbook(io.BytesIO(b"".join(response.streaming_content)))


def rows_of_sheet(sheet: Worksheet) -> Iterator[dict[str, Any]]:
    names, *rows = sheet.iter_rows(values_only=True)
    for row in rows:
        yield dict(zip(names, row, strict=True))
