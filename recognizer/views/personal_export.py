"""The personal export on the account page: its state, its start, its file and its removal."""

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recognizer.http.serving import serve_export
from recognizer.login.fresh_login import fresh_login_required
from recognizer.services.exports.personal_exports import delete_export, export_for, request_export
from recognizer.views.requests import UserRequest


@require_http_methods(["GET", "HEAD", "POST"])
def account_export(request: UserRequest) -> HttpResponseBase:
    """Start the export, or show its state: as a part of the account page, which htmx replaces, or on that page."""
    if request.method == "POST":
        return export_start(request)
    if request.htmx:
        return render(request, "_personal_export.html", {"export": export_for(request.user)})
    return to_section()


@fresh_login_required
def export_start(request: UserRequest) -> HttpResponse:
    request_export(request.user)
    return to_section()


@require_safe
@fresh_login_required
def account_export_file(request: UserRequest) -> HttpResponseBase:
    export = export_for(request.user)
    if export is None:
        raise Http404
    return serve_export(request, export, with_tokens=True)


@require_POST
def account_export_delete(request: UserRequest) -> HttpResponse:
    delete_export(request.user)
    return to_section()


def to_section() -> HttpResponse:
    return redirect(f"{reverse('account')}#export")
