"""Who may do what on every route there is: the routes come from the URL resolver, the rules are few.

`violations(route, stage)` tries one route as everybody but its owner, and as its owner, and says what went wrong.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from recognizer.models import ApiToken, Batch, BatchItem, Correction, FeatureMap, Glyph, Prediction, Upload

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE = ("GET", "HEAD", "OPTIONS")
RANGE = {"Range": "bytes=0-9"}

# What anybody may see. Everything else needs credentials, new routes included.
PUBLIC = re.compile(
    r"^(signup/|login/|logout/|password/reset/.*|theme/|about/|manifest\.webmanifest|icon-.*|healthz|readyz"
    r"|api/v1/(schema|docs|redoc)/|admin/(login|logout|jsi18n)/.*|i18n/.*|static/.*|offline/)$"
)
# What belongs to all who are logged in.
SHARED = re.compile(r"^api/v1/models/")
# Django's own, behind its own door: whoever is not staff is sent to log in.
ADMIN = re.compile(r"^admin/")


@dataclass(frozen=True)
class Route:
    pattern: str  # as in urls.py, with its converters

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)

    def filled(self, values: dict[str, Any]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), self.pattern)


def all_routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[Route]:
    for one in (resolver or get_resolver()).url_patterns:
        pattern = before + re.sub(r"^\^|\\Z$|\$$", "", str(one.pattern))
        if isinstance(one, URLPattern):
            yield Route(pattern)
        else:
            yield from all_routes(one, pattern)


@dataclass
class Stage:
    """Alice's things, and everybody who tries to reach them."""

    alice: User
    things: dict[str, uuid.UUID]  # by the first part of a route
    details: dict[str, Any]  # other parameters of routes
    secrets: list[bytes]  # what only she may see
    people: dict[str, Callable[[], Client]] = field(default_factory=dict)
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)

    def values(self, route: Route, *, missing: bool = False) -> dict[str, Any]:
        values = dict(self.details)
        if "pk" in route.parameters:
            kind = next((kind for kind in self.things if route.pattern.startswith(kind)), None)
            assert kind, f"{route.pattern} has an object that the stage does not know: add it to `things`."
            values["pk"] = uuid.UUID(int=4) if missing else self.things[kind]
        unknown = set(route.parameters) - values.keys()
        assert not unknown, f"{route.pattern} has parameters that the stage does not know: {unknown}"
        return values

    def state(self) -> dict[str, Any]:
        """What nobody else may change."""
        mine = {
            "uploads": Upload.objects.filter(owner=self.alice).values_list("pk", "deleted_at", "name"),
            "predictions": Prediction.objects.filter(owner=self.alice).values_list("pk", "is_current", "text"),
            "corrections": Correction.objects.filter(upload__owner=self.alice).values_list("pk", "kind"),
            "glyphs": Glyph.objects.filter(prediction__owner=self.alice).values_list("pk", "digit"),
            "maps": FeatureMap.objects.filter(glyph__prediction__owner=self.alice).values_list("pk", "image"),
            "batches": Batch.objects.filter(owner=self.alice).values_list("pk", "closed_at", "cancelled_at"),
            "items": BatchItem.objects.filter(batch__owner=self.alice).values_list("pk", "state"),
            "tokens": ApiToken.objects.filter(user=self.alice).values_list("pk", "revoked_at", "scope"),
            "account": User.objects.filter(pk=self.alice.pk).values_list("username", "password", "is_active", "email"),
        }
        return {name: sorted(rows, key=str) for name, rows in mine.items()}


def violations(route: Route, stage: Stage) -> list[str]:
    before = stage.state()
    if PUBLIC.match(route.pattern):
        found = list(faults(route, stage))
    elif ADMIN.match(route.pattern):
        found = list(admin_violations(route, stage))
    else:
        found = [*faults(route, stage), *stranger_violations(route, stage), *token_violations(route, stage)]
    if stage.state() != before:
        found.append(f"{route.pattern} let somebody change what is alice's")
    return found


def ask(client: Client, method: str, url: str, headers: dict[str, str] | None = None) -> HttpResponseBase:
    return client.generic(method, url, headers=headers or {})


def content_of(response: HttpResponseBase) -> bytes:
    return b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined,call-overload]


def is_turned_away(response: HttpResponseBase) -> bool:
    to_login = response.status_code == 302 and "login" in response.headers.get("Location", "")
    return to_login or response.status_code in (401, 403, 405)


def is_led_up(response: HttpResponseBase) -> bool:
    """From a form's own address to the page that it stands on, which is a route of its own."""
    asked = response.request  # type: ignore[attr-defined]
    is_reading = asked["REQUEST_METHOD"] in ("GET", "HEAD")
    return is_reading and response.status_code == 302 and asked["PATH_INFO"].startswith(response.headers["Location"])


def faults(route: Route, stage: Stage) -> Iterator[str]:
    """Nobody and nothing may cause a 5xx; and without credentials nothing is to be had."""
    for who, person in stage.people.items():
        for method in METHODS:
            if who == "owner" and method not in SAFE:
                continue  # she may delete what the others shall try to reach
            response = ask(person(), method, route.filled(stage.values(route)), RANGE)
            content_of(response)
            if response.status_code >= 500:
                yield f"{method} {route.pattern} as {who}: {response.status_code}"
            if who == "anonymous" and not PUBLIC.match(route.pattern) and not is_turned_away(response):
                yield f"{method} {route.pattern} as {who}: {response.status_code}"


def stranger_violations(route: Route, stage: Stage) -> Iterator[str]:
    owned = "pk" in route.parameters
    for who in ("stranger", "staff", "stranger's token"):
        for method in METHODS:
            foreign = ask(stage.people[who](), method, route.filled(stage.values(route)), RANGE)
            body = content_of(foreign)
            if any(secret in body for secret in stage.secrets if not (owned and secret in route_bytes(route, stage))):
                yield f"{method} {route.pattern} shows {who} what is alice's"
            if not owned:
                continue
            missing = ask(stage.people[who](), method, route.filled(stage.values(route, missing=True)), RANGE)
            # 400: what was sent is looked at first, and the same is said of a missing one.
            turned_away = is_turned_away(foreign) or is_led_up(foreign)
            if foreign.status_code not in (400, 404) and not turned_away:
                yield f"{method} {route.pattern} as {who}: {foreign.status_code}, not 404"
            if (foreign.status_code, body) != (missing.status_code, content_of(missing)):
                yield f"{method} {route.pattern} tells {who} that it exists"


def route_bytes(route: Route, stage: Stage) -> bytes:
    """A page may repeat the address it was asked for."""
    return route.filled(stage.values(route)).encode()


def token_violations(route: Route, stage: Stage) -> Iterator[str]:
    url = route.filled(stage.values(route))
    for method in METHODS:
        revoked = ask(Client(), method, url, stage.tokens["revoked"])
        content_of(revoked)
        if not is_turned_away(revoked):
            yield f"{method} {route.pattern} with a revoked token: {revoked.status_code}"
        read_only = ask(Client(), method, url, stage.tokens["read-only"])
        content_of(read_only)
        if method not in SAFE and not is_turned_away(read_only):
            yield f"{method} {route.pattern} with a read-only token: {read_only.status_code}"


def admin_violations(route: Route, stage: Stage) -> Iterator[str]:
    """Only that nobody but staff gets in; what staff may do there is Django's."""
    url = re.sub(r"<[^>]+>|\(\?P<\w+>[^)]*\)", "1", "/" + route.pattern)
    for who in ("anonymous", "owner", "stranger", "stranger's token"):
        for method in ("GET", "POST"):
            response = ask(stage.people[who](), method, url)
            if response.status_code == 200 or response.status_code >= 500:
                yield f"{method} {route.pattern} as {who}: {response.status_code}"
