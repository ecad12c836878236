"""Pages of the history: the filtered list, actions on selected pictures, deleted pictures and statistics."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from recognizer.forms import clean_or_raise
from recognizer.forms.history import BulkActionForm, RestoreForm, parse_deletion_time
from recognizer.models import Prediction, Upload
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.filters import HistoryFilter
from recognizer.services.exports import exports
from recognizer.services.exports.table_exports import request_table
from recognizer.services.history.bulk_actions import (
    correct_predictions,
    delete_uploads,
    restore_uploads,
    uploads_deleted_at,
)
from recognizer.services.history.pages import deleted_page, history_page
from recognizer.services.history.statistics import count_unreviewed, statistics_for
from recognizer.views.downloads import download, download_rows
from recognizer.views.requests import UserRequest

MAX_COUNTED = 10_000
MAX_UNCONFIRMED = 20  # pictures that are deleted without asking


@require_safe
def history(request: UserRequest) -> HttpResponse:
    filtered = filtered_history(request, request.GET)
    context: dict[str, Any] = {
        "form": filtered.form,
        "chosen_filters": filtered.chosen,
        "is_filtered": any(request.GET.get(name) for name in filtered.filters),
        "has_deleted": selectors.deleted_uploads_for(request.user).exists(),
    }
    context |= deletion_notice(request.user, request.GET.get("deleted", ""))
    try:
        page = history_page(filtered.qs, order=filtered.order, cursor=request.GET.get("cursor", ""))
    except Problem as problem:
        return render(request, "history.html", context | {"problem": problem}, status=problem.status)
    is_whole_list = not (page.newer or page.older)
    context |= {"page": page, "is_empty": not page.rows, "count": len(page.rows) if is_whole_list else None}
    if batch := filtered.form.cleaned_data.get("batch"):
        context["batch"] = selectors.batches_for(request.user).filter(pk=batch).first()
    return render(request, "history.html", context)


def deletion_notice(user: User, deleted: str) -> dict[str, Any]:
    """Return what a page needs to tell of a deletion, which the address names by its time."""
    deleted_at = parse_deletion_time(deleted)
    if deleted_at is None:
        return {}
    return {"deleted": deleted_at.isoformat(), "deleted_count": uploads_deleted_at(user, deleted_at).count()}


@require_safe
def history_count(request: UserRequest) -> HttpResponse:
    """Return the label of the checkbox that selects the whole list. The page loads it later: counting may be slow."""
    rows = filtered_history(request, request.GET).qs.order_by().values("pk")
    count = rows[: MAX_COUNTED + 1].count()
    return render(request, "_select_all.html", {"count": count, "max_counted": MAX_COUNTED})


def filtered_history(request: UserRequest, query: QueryDict) -> HistoryFilter:
    return HistoryFilter(query, queryset=selectors.history_for(request.user), user=request.user)


@require_safe
def history_statistics(request: UserRequest) -> HttpResponse:
    template = "_statistics.html" if request.htmx else "history_statistics.html"
    context = {"statistics": statistics_for(request.user), "unreviewed_count": count_unreviewed(request.user)}
    return render(request, template, context)


@require_POST
def history_bulk(request: UserRequest) -> HttpResponseBase:
    """Correct, export or delete the selected pictures."""
    data = clean_or_raise(BulkActionForm(request.POST))
    rows, action = selected_predictions(request, data), data["action"]
    if action in BulkActionForm.EXPORTS:
        if action == "xlsx":
            return export_table(request, data)
        return export_history(request, rows, action)
    if action == "delete":
        count = rows.order_by().values("pk")[: MAX_COUNTED + 1].count()
        if count > MAX_UNCONFIRMED and not data["confirmed"]:
            context = {"data": data, "count": count, "max_counted": MAX_COUNTED}
            return render(request, "history_delete.html", context)
        deleted_at = delete_uploads(request.user, rows.values_list("upload", flat=True))
        return redirect_to_list(*list_of(data), deleted=deleted_at.isoformat())
    count = correct_predictions(rows, by=request.user, kind=action, written=data["value"])
    text = ngettext("Saved for %(count)d picture.", "Saved for %(count)d pictures.", count)
    messages.success(request, text % {"count": count})
    return redirect_to_list(*list_of(data))


def export_history(request: UserRequest, rows: QuerySet[Prediction], extension: str) -> HttpResponseBase:
    """Return the selected rows as a file, named after the batch if the list shows one."""
    title = history_title(request)
    if extension == "zip":
        pieces = exports.as_zip(rows, request.build_absolute_uri)
        return download(request, pieces, title, "zip", owner_id=request.user.pk)
    found = exports.history_rows(rows, request.build_absolute_uri)
    return download_rows(request, found, title, extension, owner_id=request.user.pk)


def export_table(request: UserRequest, data: dict[str, Any]) -> HttpResponse:
    """Have the selected rows written as XLSX, and show the page where the file is fetched."""
    site = request.build_absolute_uri("/").rstrip("/")
    selection = {"query": data["query"]} if data["all"] else {"uploads": sorted(map(str, data["pick"]))}
    export = request_table(request.user, title=history_title(request), site=site, selection=selection)
    return redirect("table_export", export.pk)


def history_title(request: UserRequest) -> str:
    """Return the name of the batch that the list is limited to, or the product's name."""
    with suppress(ValueError):
        key = UUID(QueryDict(request.POST.get("query", "")).get("batch", ""))
        if batch := selectors.batches_for(request.user).filter(pk=key).first():
            return str(batch)
    return "digitscribe"


def list_of(data: dict[str, Any]) -> tuple[str, str]:
    """Return the address of the list that a form was sent from, and its filters: those of a batch, or the history."""
    if data["batch"]:
        return reverse("batch_detail", args=[data["batch"]]), data["table"]
    return reverse("history"), data.get("query", "")


def redirect_to_list(address: str, filters: str, **parameters: str) -> HttpResponse:
    """Redirect to a list with the same filters, without an earlier deletion notice."""
    query = QueryDict(filters, mutable=True)
    query.pop("deleted", None)
    query.update(parameters)
    return redirect(f"{address}?{query.urlencode()}" if query else address)


def selected_predictions(request: UserRequest, data: dict[str, Any]) -> QuerySet[Prediction]:
    if data["all"]:
        rows: QuerySet[Prediction] = filtered_history(request, QueryDict(data["query"])).qs
        return rows
    return selectors.history_for(request.user).filter(upload__in=data["pick"])


@require_safe
def history_deleted(request: UserRequest) -> HttpResponse:
    page = deleted_page(request.user, cursor=request.GET.get("cursor", ""))
    context = {"page": page, "kept_days": settings.DELETED_UPLOADS_KEPT_DAYS}
    return render(request, "history_deleted.html", context)


@require_POST
def history_restore(request: UserRequest) -> HttpResponse:
    data = clean_or_raise(RestoreForm(request.POST))
    count = restore_uploads(selected_deleted(request, data))
    text = ngettext("%(count)d picture restored.", "%(count)d pictures restored.", count)
    messages.success(request, text % {"count": count})
    return redirect_to_list(*list_of(data))


def selected_deleted(request: UserRequest, data: dict[str, Any]) -> QuerySet[Upload]:
    own_deleted = selectors.deleted_uploads_for(request.user)
    if data["all"]:
        return own_deleted
    if data["deleted"]:
        return uploads_deleted_at(request.user, data["deleted"])
    return own_deleted.filter(pk__in=data["pick"])
