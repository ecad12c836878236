"""What a page's view may take for granted: somebody is logged in (LoginMiddleware), and htmx is known."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class MemberRequest(HttpRequest):
    user: User
    htmx: HtmxDetails
