"""The history: narrowed, sorted, page by page; and what is done to many at once."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from recognizer import selectors
from recognizer.filters import HistoryFilter
from recognizer.models import Prediction, Upload
from recognizer.pagination import parse_datetime
from recognizer.problems import Problem
from recognizer.services.exports import exports
from recognizer.services.history.history import (
    bring_back,
    correct_many,
    delete_uploads,
    deleted_at_once,
    deleted_page,
    history_page,
)
from recognizer.services.history.statistics import statistics_for
from recognizer.views.requests import MemberRequest

MOST_PICKED = 1000


@require_safe
def history(request: MemberRequest) -> HttpResponse:
    narrowed = HistoryFilter(request.GET, queryset=selectors.history_for(request.user), request=request)
    context: dict[str, Any] = {
        "form": narrowed.form,
        "is_narrowed": any(request.GET.get(name) for name in narrowed.filters),
        "has_deleted": selectors.deleted_uploads_for(request.user).exists(),
    }
    if deleted_at := deletion_of(request.GET):
        count = deleted_at_once(request.user, deleted_at).count()
        context |= {"deleted": deleted_at.isoformat(), "deleted_count": count}
    try:
        context["page"] = history_page(narrowed.qs, order=narrowed.order, cursor=request.GET.get("cursor", ""))
    except Problem as problem:
        return render(request, "history.html", context | {"problem": problem}, status=problem.status)
    return render(request, "history.html", context)


@require_safe
def history_statistics(request: MemberRequest) -> HttpResponse:
    template = "_statistics.html" if request.htmx else "history_statistics.html"
    return render(request, template, {"statistics": statistics_for(request.user)})


@require_POST
def history_many(request: MemberRequest) -> HttpResponseBase:
    """One button over the list: what was picked, or all that the filters let through."""
    rows, action = picked(request), request.POST.get("action", "")
    if action in EXPORTS:
        return EXPORTS[action](rows)
    if action == "delete":
        deleted_at = delete_uploads(request.user, rows.values_list("upload", flat=True))
        return to_the_list(request, deleted=deleted_at.isoformat())
    if action not in ("confirm", "not_a_digit", "correct"):
        raise Problem("bad_request")
    count = correct_many(rows, by=request.user, kind=action, text=request.POST.get("value", "").strip())
    words = ngettext("Said of %(count)d picture.", "Said of %(count)d pictures.", count)
    messages.success(request, words % {"count": count})
    return to_the_list(request)


def to_the_list(request: MemberRequest, **said: str) -> HttpResponse:
    """Where the pictures were chosen, under the same filters."""
    query = QueryDict(request.POST.get("query", ""), mutable=True)
    query.pop("deleted", None)
    query.update(said)
    return redirect(f"{reverse('history')}?{query.urlencode()}" if query else "history")


def picked(request: MemberRequest) -> QuerySet[Prediction]:
    mine = selectors.history_for(request.user)
    if request.POST.get("all"):
        narrowed = HistoryFilter(QueryDict(request.POST.get("query", "")), queryset=mine, request=request)
        rows: QuerySet[Prediction] = narrowed.qs
        return rows
    return mine.filter(upload__in=picks(request))


def picks(request: MemberRequest) -> list[UUID]:
    try:
        ids = [UUID(each) for each in request.POST.getlist("pick")]
    except ValueError as error:
        raise Problem("bad_request") from error
    if not ids:
        raise Problem("invalid", _("Choose some pictures first."))
    if len(ids) > MOST_PICKED:
        raise Problem("invalid", _("Choose at most %(count)d at once.") % {"count": MOST_PICKED})
    return ids


@require_safe
def history_deleted(request: MemberRequest) -> HttpResponse:
    return render(
        request, "history_deleted.html", {"page": deleted_page(request.user, cursor=request.GET.get("cursor", ""))}
    )


@require_POST
def history_bring_back(request: MemberRequest) -> HttpResponse:
    count = bring_back(picked_deleted(request))
    words = ngettext("%(count)d picture is back.", "%(count)d pictures are back.", count)
    messages.success(request, words % {"count": count})
    return redirect("history")


def picked_deleted(request: MemberRequest) -> QuerySet[Upload]:
    """All of them, those of one deletion, or one by one."""
    mine = selectors.deleted_uploads_for(request.user)
    if request.POST.get("all"):
        return mine
    if "deleted" not in request.POST:
        return mine.filter(pk__in=picks(request))
    if deleted_at := deletion_of(request.POST):
        return deleted_at_once(request.user, deleted_at)
    raise Problem("bad_request")


def deletion_of(given: QueryDict) -> datetime | None:
    """The deletion that an address or a form speaks of, by its moment."""
    with suppress(ValueError, OverflowError):
        return parse_datetime(given.get("deleted", ""))
    return None


def download(pieces: Iterator[str] | Iterator[bytes], name: str, content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


EXPORTS: dict[str, Callable[[QuerySet[Prediction]], StreamingHttpResponse]] = {
    "csv": lambda rows: download(exports.as_csv(exports.rows_of(rows)), "digitscribe.csv", "text/csv; charset=utf-8"),
    "json": lambda rows: download(exports.as_json(exports.rows_of(rows)), "digitscribe.json", "application/json"),
    "zip": lambda rows: download(exports.as_zip(rows), "digitscribe.zip", "application/zip"),
}
