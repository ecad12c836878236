"""The budgets of an account: one for the requests of pages and API together, and one for live previews.

Visitors without an account have one for the previews of their address.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import ngettext

from recognizer.problems import Problem
from recognizer.services.security_log import log_throttle
from recognizer.services.throttles import Rate, address_of, count_request

View = TypeVar("View", bound=Callable[..., Any])


def request_rate(account_id: int) -> Rate:
    """Return the rate of all requests of an account, except for previews."""
    return Rate("user", settings.API_REQUESTS_PER_USER, str(account_id))


def link_rate(link_id: UUID) -> Rate:
    """Return the rate of the requests with one export link: whoever has it must not use up the budget of its owner."""
    return Rate("link", settings.API_REQUESTS_PER_USER, str(link_id))


def preview_rate(account_id: int) -> Rate:
    """Return the rate of the previews that a pad requests while a person draws."""
    return Rate("preview", settings.PREVIEWS_PER_USER, str(account_id))


def has_own_budget(view: View) -> View:
    """Mark a view that counts its requests itself, so that AccountBudgetMiddleware leaves them out."""
    view.has_own_budget = True  # type: ignore[attr-defined]
    return view


def visitor_rate(request: HttpRequest) -> Rate:
    """Return the rate of the previews of visitors without an account. Raise Problem if there are none for them."""
    if not settings.PREVIEWS_PER_ADDRESS:
        raise Problem("not_found")
    return Rate("visitor", settings.PREVIEWS_PER_ADDRESS, address_of(request))


def spend(rate: Rate, account_id: int | None = None) -> None:
    """Count one request of an account or a visitor. Raise Problem if the budget is used up."""
    (status,) = count_request([rate])
    if status.is_allowed:
        return
    log_throttle([status], account=account_id)
    seconds = max(1, round(status.resets_in_seconds))
    text = ngettext(
        "Too many requests. Try again in %(seconds)d second.",
        "Too many requests. Try again in %(seconds)d seconds.",
        seconds,
    )
    raise Problem("throttled", text % {"seconds": seconds}, retry_after_seconds=status.resets_in_seconds)
