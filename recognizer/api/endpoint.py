"""The base of all endpoints: it identifies the caller, counts requests and answers conditional requests."""

import math
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers, set_response_etag
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recognizer.services import throttles
from recognizer.services.limits.budgets import has_own_budget, request_rate
from recognizer.services.security_log import log_throttle
from recognizer.services.throttles import Rate, RateStatus

CREDENTIALS = ["Authorization", "Cookie"]
RETRY_SOON = {"Retry-After": "2"}  # of work in the background


class Endpoint(APIView):
    """The base of all views of the API.

    A request is counted as soon as its sender is known, before any other work. Refused and anonymous requests count
    against their address.
    """

    http_method_names = ["get", "post", "patch", "delete", "head"]

    @classmethod
    def as_view(cls, **options: Any) -> Any:
        return has_own_budget(super().as_view(**options))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().dispatch(request, *args, **kwargs)
        finally:
            # View and request refer to each other, so a body of 20 MB would stay until the next garbage collection.
            self.request.__dict__.update(_data=None, _full_data=None)

    def perform_authentication(self, request: Request) -> None:
        user = None
        try:
            user = person(request)
        finally:
            self.count_request(request, user)

    def count_request(self, request: Request, user: User | None) -> None:
        rates = [Rate("address", settings.API_REQUESTS_PER_ADDRESS, throttles.address_of(request._request))]
        if user is not None:
            rates.insert(0, request_rate(user.pk))
        statuses = throttles.count_request(rates)
        tightest = min(statuses, key=lambda status: status.remaining)
        self.headers |= rate_headers(tightest)
        refused = [status.resets_in_seconds for status in statuses if not status.is_allowed]
        if refused:
            log_throttle(statuses, account=user.pk if user else None)
            raise Throttled(wait=max(refused))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(response, CREDENTIALS)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        if request.method in ("GET", "HEAD") and isinstance(response, Response) and response.status_code == 200:
            response.add_post_render_callback(partial(answer_if_changed, request._request))
        return response


def person(request: Request) -> User:
    """Return the caller. DEFAULT_PERMISSION_CLASSES refuses anonymous requests before any endpoint runs."""
    return cast(User, request.user)


def answer_if_changed(request: HttpRequest, response: HttpResponse) -> HttpResponse | None:
    """Return 304 if the client already has this response, according to its If-None-Match."""
    set_response_etag(response)
    conditional = get_conditional_response(request, etag=response["ETag"], response=response)
    return conditional if isinstance(conditional, HttpResponse) else None


def rate_headers(status: RateStatus) -> dict[str, str]:
    """Return the rate limit under its common header names and as the fields of the IETF draft."""
    rate, resets_in = status.rate, str(math.ceil(status.resets_in_seconds))
    return {
        "RateLimit-Limit": str(rate.limit),
        "RateLimit-Remaining": str(status.remaining),
        "RateLimit-Reset": resets_in,
        "RateLimit-Policy": f'"{rate.name}";q={rate.limit};w={rate.seconds}',
        "RateLimit": f'"{rate.name}";r={status.remaining};t={resets_in}',
    }
