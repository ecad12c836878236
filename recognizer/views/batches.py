"""Pages of batches: the list, the progress and results of one, and its buttons."""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from recognizer import selectors
from recognizer.expectation_words import describe_expectation
from recognizer.models import Batch
from recognizer.pagination import fetch_page
from recognizer.services.batches import control, intake
from recognizer.services.batches.archives import ZIP_MAGIC
from recognizer.services.batches.progress import NEWEST_FIRST, progress_by_batch, progress_of
from recognizer.services.batches.results import result_rows
from recognizer.services.exports.exports import csv_lines
from recognizer.services.reading.expected import Expected
from recognizer.views.history import download
from recognizer.views.requests import UserRequest

ITEMS_SHOWN = 60
BATCHES_SHOWN = 100


def start_batch(request: UserRequest, files: list[UploadedFile], mode: Any, expected: Expected | None) -> Batch:
    """Create a batch from the files of a form (pictures, ZIP archives or both) and have it read."""
    batch = intake.new_batch(owner=request.user, name=batch_name(files), mode=mode, expected=expected)
    archives = list(filter(is_zip, files))
    pictures = [(file.name or "", file) for file in files if file not in archives]
    intake.add_files(batch, pictures, archives, close=True)
    return batch


def batch_name(files: list[UploadedFile]) -> str:
    """Return the name of the first file and the number of the others."""
    first = files[0].name or ""
    return first if len(files) == 1 else f"{first} + {len(files) - 1}"


def is_zip(file: UploadedFile) -> bool:
    file.seek(0)
    head: bytes = file.read(len(ZIP_MAGIC))
    file.seek(0)
    return head == ZIP_MAGIC


@require_safe
def batches(request: UserRequest) -> HttpResponse:
    own_batches = selectors.batches_for(request.user)
    page = fetch_page(own_batches, NEWEST_FIRST, cursor=request.GET.get("cursor", ""), size=BATCHES_SHOWN)
    progress = progress_by_batch(page.rows)
    rows = [(batch, progress[batch.pk]) for batch in page.rows]
    return render(request, "batches.html", {"page": page, "rows": rows})


@require_safe
def batch_detail(request: UserRequest, pk: UUID) -> HttpResponse:
    batch = get_object_or_404(selectors.batches_for(request.user), pk=pk)
    items = list(selectors.batch_items_for(request.user, batch)[:ITEMS_SHOWN])
    upload_ids = [item.upload_id for item in items]
    # Unordered: with an order, the database would walk through the whole history to find these few rows.
    predictions = selectors.history_for(request.user).filter(upload__in=upload_ids).order_by()
    by_upload = {str(prediction.upload_id): prediction for prediction in predictions}
    context = {
        "batch": batch,
        "expected": describe_expectation(batch.expected_fields),
        "progress": progress_of(batch),
        "items": [(item, by_upload.get(str(item.upload_id))) for item in items],
        "shown": ITEMS_SHOWN,
        "can_retry": control.retryable_items(batch).exists(),
    }
    return render(request, "_batch.html" if request.htmx else "batch_detail.html", context)


@require_POST
def batch_cancel(request: UserRequest, pk: UUID) -> HttpResponse:
    control.cancel_batch(get_object_or_404(selectors.batches_for(request.user), pk=pk))
    return redirect("batch_detail", pk)


@require_POST
def batch_retry(request: UserRequest, pk: UUID) -> HttpResponse:
    control.retry_failed(get_object_or_404(selectors.batches_for(request.user), pk=pk))
    return redirect("batch_detail", pk)


@require_safe
def batch_results(request: UserRequest, pk: UUID) -> HttpResponseBase:
    batch = get_object_or_404(selectors.batches_for(request.user), pk=pk)
    return download(csv_lines(result_rows(batch)), f"batch-{batch.pk}.csv", "text/csv; charset=utf-8")
