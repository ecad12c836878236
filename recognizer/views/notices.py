"""Pages of notices: the list, and the buttons that mark them as read."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from recognizer.forms import clean_or_raise
from recognizer.forms.notices import ReadForm
from recognizer.queries import selectors
from recognizer.queries.pagination import fetch_page
from recognizer.services.people.notices import NEWEST_FIRST, mark_read
from recognizer.views.requests import UserRequest
from recognizer.words.notices import show_notice

NOTICES_SHOWN = 50


@require_safe
def notices(request: UserRequest) -> HttpResponse:
    own = selectors.notices_for(request.user)
    page = fetch_page(own, NEWEST_FIRST, cursor=request.GET.get("cursor", ""), size=NOTICES_SHOWN)
    context = {
        "page": page,
        "notices": [show_notice(row) for row in page.rows],
        # A notice that arrives after this page was made stays unread.
        "until": page.rows[0].created_at.isoformat() if page.rows else "",
        "has_unread": own.filter(read_at=None).exists(),
    }
    return render(request, "notices.html", context)


@require_POST
def notices_read(request: UserRequest) -> HttpResponse:
    until = clean_or_raise(ReadForm(request.POST))["until"]
    mark_read(selectors.notices_for(request.user).filter(created_at__lte=until))
    return redirect("notices")


@require_POST
def notice_open(request: UserRequest, pk: UUID) -> HttpResponse:
    """Mark a notice as read, and go to the page that it is about."""
    own = selectors.notices_for(request.user)
    notice = get_object_or_404(own, pk=pk)
    mark_read(own.filter(pk=pk))
    return redirect(notice.link or "notices")
