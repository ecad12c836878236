"""The page of an XLSX file: its progress, and the file once it is written."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from recognizer.http.serving import serve_table
from recognizer.services.exports.spreadsheets import SHEET_COLUMNS
from recognizer.services.exports.table_exports import tables_for
from recognizer.services.work.worker_state import worker_state
from recognizer.views.requests import UserRequest


@require_safe
def table_export(request: UserRequest, pk: UUID) -> HttpResponse:
    export = get_object_or_404(tables_for(request.user).select_related("batch"), pk=pk)
    is_running = export.state == export.State.RUNNING
    context = {
        "export": export,
        "files": export.batch.items.count() if export.batch else None,
        "columns": SHEET_COLUMNS,
        "worker": worker_state() if is_running else None,
    }
    return render(request, "_table_export.html" if request.htmx else "table_export.html", context)


@require_safe
def table_export_file(request: UserRequest, pk: UUID) -> HttpResponseBase:
    return serve_table(request, get_object_or_404(tables_for(request.user), pk=pk))
