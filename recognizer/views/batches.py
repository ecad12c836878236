"""Pages of batches: the list, the progress and results of one, and its buttons."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from mlcore.documents.kinds import is_document
from recognizer.forms import clean_or_raise
from recognizer.forms.batches import BatchAgainForm, BatchForm, LinkForm, TableForm, confirmed_upload, typed_numbers
from recognizer.http.upload_handlers import check_files
from recognizer.models import Batch
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.pagination import fetch_page
from recognizer.services.batches import control, intake
from recognizer.services.batches.archives import ZIP_MAGIC
from recognizer.services.batches.left_to_do import left_to_do
from recognizer.services.batches.progress import NEWEST_FIRST, progress_by_batch, progress_of
from recognizer.services.batches.reading_again import read_batch_again
from recognizer.services.batches.results import batch_rows
from recognizer.services.batches.table import (
    confirm_number,
    correct_numbers,
    count_unsure_of,
    find_row,
    ordered_items,
    table_page,
)
from recognizer.services.exports.table_exports import request_table
from recognizer.services.reading.expected import Expected
from recognizer.views.downloads import download_rows
from recognizer.views.history import deletion_notice, redirect_to_list
from recognizer.views.requests import UserRequest
from recognizer.words.expectations import describe_expectation

BATCHES_SHOWN = 30  # counting their unsure answers takes 17 ms for 10,000 files


def start_batch(request: UserRequest, files: list[UploadedFile], mode: Any, expected: Expected | None) -> Batch:
    """Create a batch from the files of a form (pictures, ZIP archives or both) and have it read."""
    batch = intake.new_batch(owner=request.user, name=batch_name(files), mode=mode, expected=expected)
    intake.add_files(batch, *named_pictures(files), close=True)
    return batch


def named_pictures(files: list[UploadedFile]) -> tuple[list[tuple[str, UploadedFile]], list[UploadedFile]]:
    """Return the pictures of a form with their names, and its ZIP archives."""
    archives = list(filter(is_zip, files))
    return [(file.name or "", file) for file in files if file not in archives], archives


def batch_name(files: list[UploadedFile]) -> str:
    """Return the name of the first file and the number of the others."""
    first = files[0].name or ""
    return first if len(files) == 1 else f"{first} + {len(files) - 1}"


def is_zip(file: UploadedFile) -> bool:
    return intake.read_head(file).startswith(ZIP_MAGIC)


def has_many_pictures(file: UploadedFile) -> bool:
    """Return whether the file is an archive or a document, which become batches."""
    return is_zip(file) or is_document(intake.read_head(file))


def sent_files(request: HttpRequest) -> list[UploadedFile]:
    """Return the files of a form. Raise a Problem if there is none or if one is too large."""
    check_files(request)
    files = request.FILES.getlist("image")
    if not files:
        raise Problem("missing_file", _("No picture was sent. Choose a file first."))
    return files


@require_safe
def batches(request: UserRequest) -> HttpResponse:
    own_batches = selectors.batches_for(request.user)
    page = fetch_page(own_batches, NEWEST_FIRST, cursor=request.GET.get("cursor", ""), size=BATCHES_SHOWN)
    progress = progress_by_batch(page.rows)
    unsure = count_unsure_of(request.user, page.rows)
    rows = [(batch, progress[batch.pk], unsure.get(batch.pk, 0)) for batch in page.rows]
    return render(request, "batches.html", {"page": page, "rows": rows})


@require_safe
def batch_detail(request: UserRequest, pk: UUID) -> HttpResponse:
    batch, query = get_object_or_404(selectors.batches_for(request.user), pk=pk), request.GET.copy()
    deleted = query.pop("deleted", [""])[-1]  # the table's own addresses go without it
    return batch_page(request, batch, query, deleted=str(deleted))


def batch_page(
    request: UserRequest,
    batch: Batch,
    query: QueryDict,
    *,
    form: BatchForm | None = None,
    problem: Problem | None = None,
    typed: dict[UUID, str] | None = None,
    new_link: str = "",
    deleted: str = "",
) -> HttpResponse:
    """Return the page of a batch, or the part that is polled.

    `typed` holds numbers that were refused, `new_link` a link that is shown once, and `deleted` names a deletion.
    """
    table_form = TableForm(query)
    data = clean_or_raise(table_form)
    progress = progress_of(batch)
    page = table_page(
        request.user,
        batch,
        total=progress.total,
        order=data["ordering"],
        shown=data["shown"],
        search=data["q"],
        page=data["page"] or 1,
        typed=typed or {},
    )
    left = left_to_do(request.user, batch)
    context = {
        "batch": batch,
        "expected": describe_expectation(batch.expected_fields),
        "progress": progress,
        "unsure_count": left.unsure,
        "can_retry": left.can_retry,
        "table_form": table_form,
        "ordering": data["ordering"],
        "query": query,
        "page": page,
        "batch_form": form or BatchForm(instance=batch),
        "problem": problem,
        "read_again_count": left.read_again,
        "again_form": BatchAgainForm(),
        "most_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "preset_names": selectors.presets_for(request.user).values_list("name", flat=True),
        "links": selectors.export_links_for(request.user).filter(batch=batch),
        "link_form": LinkForm(),
        "new_link": new_link,
        **deletion_notice(request.user, deleted),
    }
    is_bad = problem or (form and form.errors)
    status = problem.status if problem else 400 if is_bad else 200
    return render(request, "_batch.html" if request.htmx else "batch_detail.html", context, status=status)


@require_POST
def batch_edit(request: UserRequest, pk: UUID) -> HttpResponse:
    """Save the name and the note."""
    batch = get_object_or_404(selectors.batches_for(request.user), pk=pk)
    form = BatchForm(request.POST, instance=batch)
    if not form.is_valid():
        batch.refresh_from_db()
        return batch_page(request, batch, QueryDict(), form=form)
    form.save()
    return redirect("batch_detail", pk)


@require_POST
def batch_correct(request: UserRequest, pk: UUID) -> HttpResponse:
    """Save numbers that were typed into the table. A script sends one of them and gets its row."""
    batch = get_object_or_404(selectors.batches_for(request.user), pk=pk)
    numbers, confirmed = typed_numbers(request.POST), confirmed_upload(request.POST)
    query = QueryDict(request.POST.get("query", ""))
    try:
        count = correct_numbers(request.user, batch, numbers)
        if confirmed:
            confirm_number(request.user, batch, confirmed)
    except Problem as problem:
        if request.htmx:
            raise
        return batch_page(request, batch, query, problem=problem, typed=numbers)
    changed = confirmed or next(iter(numbers), None)
    if request.htmx and changed:
        rows = [find_row(request.user, batch, changed)]
        return render(request, "_batch_rows.html", {"rows": rows, "is_saved": True})
    text = ngettext("Saved for %(count)d picture.", "Saved for %(count)d pictures.", count)
    messages.success(request, text % {"count": count})
    return redirect_to_list(reverse("batch_detail", args=[pk]), query.urlencode())


@require_POST
def batch_add(request: UserRequest, pk: UUID) -> HttpResponse:
    """Add the files of a form to the batch, and have them read as the others were."""
    batch = get_object_or_404(selectors.batches_for(request.user), pk=pk)
    try:
        pictures, archives = named_pictures(sent_files(request))
        added = intake.add_files(batch, pictures, archives, reopens=True)
    except Problem as problem:
        return batch_page(request, batch, QueryDict(), problem=problem)
    text = ngettext("%(count)d file added.", "%(count)d files added.", len(added))
    messages.success(request, text % {"count": len(added)})
    return redirect("batch_detail", pk)


@require_POST
def batch_read_again(request: UserRequest, pk: UUID) -> HttpResponse:
    """Read all pictures of the batch again with the active model, if wanted in another way."""
    batch = get_object_or_404(selectors.batches_for(request.user), pk=pk)
    data = clean_or_raise(BatchAgainForm(request.POST))
    try:
        count = read_batch_again(request.user, batch, mode=data["mode"] or None, preset_name=data["expect"])
    except Problem as problem:
        return batch_page(request, batch, QueryDict(), problem=problem)
    text = ngettext("%(count)d picture is read again.", "%(count)d pictures are read again.", count)
    messages.success(request, text % {"count": count} if count else _("The active model has read all of them already."))
    return redirect("batch_detail", pk)


@require_POST
def batch_cancel(request: UserRequest, pk: UUID) -> HttpResponse:
    control.cancel_batch(get_object_or_404(selectors.batches_for(request.user), pk=pk))
    return redirect("batch_detail", pk)


@require_POST
def batch_retry(request: UserRequest, pk: UUID) -> HttpResponse:
    control.retry_failed(get_object_or_404(selectors.batches_for(request.user), pk=pk))
    return redirect("batch_detail", pk)


@require_POST
def batch_xlsx(request: UserRequest, pk: UUID) -> HttpResponse:
    """Have the results written as XLSX, and show the page where the file is fetched."""
    batch = get_object_or_404(selectors.batches_for(request.user), pk=pk)
    site = request.build_absolute_uri("/").rstrip("/")
    return redirect("table_export", request_table(request.user, title=str(batch), site=site, batch=batch).pk)


@require_safe
def batch_results(request: UserRequest, pk: UUID, extension: str) -> HttpResponseBase:
    batch = get_object_or_404(selectors.batches_for(request.user), pk=pk)
    items = ordered_items(request.user, batch)
    rows = batch_rows(items, request.build_absolute_uri)
    return download_rows(request, rows, str(batch), extension, owner_id=request.user.pk)
