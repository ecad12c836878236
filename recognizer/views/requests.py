"""Request type of the pages. LoginMiddleware ensures a logged-in user; django-htmx adds `htmx`."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class UserRequest(HttpRequest):
    user: User
    htmx: HtmxDetails
