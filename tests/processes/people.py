"""A logged-in browser session at a real web server."""

import httpx
from django.contrib.auth.models import User
from django.test import Client

from tests.servers.web import WebServer


def person_at(web: WebServer, user: User) -> httpx.Client:
    session = Client()
    session.force_login(user)
    token = "c" * 32
    cookies = {"sessionid": session.cookies["sessionid"].value, "csrftoken": token}
    return httpx.Client(base_url=web.url, cookies=cookies, headers={"X-CSRFToken": token}, timeout=60)
