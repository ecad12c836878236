"""Links to the table of a batch: created and revoked on its page, and opened by spreadsheets without a login."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from recognizer.forms import clean_or_raise
from recognizer.forms.batches import LinkForm
from recognizer.login.fresh_login import fresh_login_required
from recognizer.queries import selectors
from recognizer.services.batches.results import batch_rows
from recognizer.services.batches.table import ordered_items
from recognizer.services.limits.budgets import link_rate, spend
from recognizer.services.people.export_links import create_link, find_link, revoke_link
from recognizer.views.batches import batch_page
from recognizer.views.downloads import download_rows
from recognizer.views.requests import UserRequest


@require_POST
@fresh_login_required
@never_cache
def export_link_create(request: UserRequest, pk: UUID) -> HttpResponse:
    """Create a link and show it. Its secret is not stored, so this page shows it only once."""
    batch = get_object_or_404(selectors.batches_for(request.user), pk=pk)
    form = LinkForm(request.POST)
    clean_or_raise(form)
    try:
        _link, secret = create_link(batch, id=form.cleaned_data["id"], expires_at=form.expires_at())
    except IntegrityError:  # the form was sent twice
        messages.info(request, _("This link exists already, and is not shown again. If you lost it, create a new one."))
        return redirect("batch_detail", pk)
    url = request.build_absolute_uri(reverse("export_link_csv", args=[secret]))
    return batch_page(request, batch, request.GET, new_link=url)


@require_POST
def export_link_revoke(request: UserRequest, pk: UUID) -> HttpResponse:
    link = get_object_or_404(selectors.export_links_for(request.user), pk=pk)
    revoke_link(link)
    return redirect("batch_detail", link.batch_id)


@login_not_required
@require_safe
def export_link_rows(request: HttpRequest, secret: str, extension: str) -> HttpResponseBase:
    """Return the table that a link leads to, as it is now. The budget of the link pays for it."""
    link = find_link(secret)
    spend(link_rate(link.pk), link.owner_id)
    items = ordered_items(link.owner, link.batch)
    rows = batch_rows(items, request.build_absolute_uri)
    response = download_rows(request, rows, str(link.batch), extension, owner_id=link.owner_id, link=link)
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
