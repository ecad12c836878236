"""Access rules for every route of the URL resolver.

`find_violations(route, scenario)` requests one route as its owner, as other users and without credentials, and
returns what broke a rule.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from recognizer.models import (
    ApiToken,
    Audit,
    Batch,
    BatchItem,
    Correction,
    ExportLink,
    FeatureMap,
    Glyph,
    Notice,
    Prediction,
    Preset,
    Stream,
    Upload,
)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE = ("GET", "HEAD", "OPTIONS")
RANGE = {"Range": "bytes=0-9"}
STRANGERS = ("stranger", "trainer", "staff", "stranger's token")  # who have credentials and no right to Alice's objects

# Routes that anybody may see. All others need credentials, new routes included.
PUBLIC = re.compile(
    r"^(welcome/.*|links/<str:secret>/.*|signup/|login/|logout/|password/reset/.*|theme/|about/|manifest\.webmanifest|icon-.*|healthz|livez"
    r"|readyz|metrics"
    r"|api/v1/((schema|docs|redoc)/)?|admin/(login|logout|jsi18n)/.*|i18n/.*|static/.*|offline/)$"
)
# Routes that every logged-in user may see.
SHARED = re.compile(r"^(api/v1/)?models/")
# The Django admin, which sends everybody but staff to its login.
ADMIN = re.compile(r"^admin/")


@dataclass(frozen=True)
class Route:
    pattern: str  # as in urls.py, with its converters

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)

    def fill(self, values: dict[str, Any]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), self.pattern)


def all_routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[Route]:
    for entry in (resolver or get_resolver()).url_patterns:
        pattern = before + re.sub(r"^\^|\\Z$|\$$", "", str(entry.pattern))
        if isinstance(entry, URLPattern):
            yield Route(pattern)
        else:
            yield from all_routes(entry, pattern)


@dataclass
class Scenario:
    """Alice's objects, and the clients that try to reach them."""

    alice: User
    objects: dict[str, uuid.UUID]  # by the start of a route
    details: dict[str, Any]  # other parameters of routes
    secrets: list[bytes]  # content that only Alice may see
    clients: dict[str, Callable[[], Client]] = field(default_factory=dict)
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)

    def values(self, route: Route, *, missing: bool = False) -> dict[str, Any]:
        values = dict(self.details)
        if "pk" in route.parameters:
            kind = next((kind for kind in self.objects if route.pattern.startswith(kind)), None)
            assert kind, f"{route.pattern} has an object that the scenario does not know. Add it to `objects`."
            values["pk"] = uuid.UUID(int=4) if missing else self.objects[kind]
        unknown = set(route.parameters) - values.keys()
        assert not unknown, f"{route.pattern} has parameters that the scenario does not know: {unknown}"
        return values

    def state(self) -> dict[str, Any]:
        """Return the rows that nobody else may change."""
        rows_by_table = {
            "uploads": Upload.objects.filter(owner=self.alice).values_list("pk", "deleted_at", "name"),
            "predictions": Prediction.objects.filter(owner=self.alice).values_list("pk", "is_current", "text"),
            "corrections": Correction.objects.filter(upload__owner=self.alice).values_list("pk", "kind"),
            "glyphs": Glyph.objects.filter(prediction__owner=self.alice).values_list("pk", "digit"),
            "maps": FeatureMap.objects.filter(glyph__prediction__owner=self.alice).values_list("pk", "image"),
            "batches": Batch.objects.filter(owner=self.alice).values_list("pk", "closed_at", "cancelled_at"),
            "items": BatchItem.objects.filter(batch__owner=self.alice).values_list("pk", "state"),
            "streams": Stream.objects.filter(owner=self.alice).values_list("pk", "wish", "review_from"),
            "audits": Audit.objects.filter(owner=self.alice).values_list("pk", "is_right", "looked_again_at"),
            "links": ExportLink.objects.filter(owner=self.alice).values_list("pk", "digest"),
            "notices": Notice.objects.filter(owner=self.alice).values_list("pk", "read_at"),
            "presets": Preset.objects.filter(owner=self.alice).values_list("pk", "name", "expectation"),
            "tokens": ApiToken.objects.filter(user=self.alice).values_list("pk", "revoked_at", "scope"),
            "account": User.objects.filter(pk=self.alice.pk).values_list("username", "password", "is_active", "email"),
        }
        return {name: sorted(rows, key=str) for name, rows in rows_by_table.items()}


def find_violations(route: Route, scenario: Scenario) -> list[str]:
    before = scenario.state()
    if PUBLIC.match(route.pattern):
        found = list(basic_violations(route, scenario, scenario.clients))
    elif ADMIN.match(route.pattern):
        found = list(admin_violations(route, scenario))
    else:
        found = [
            *basic_violations(route, scenario, [who for who in scenario.clients if who not in STRANGERS]),
            *stranger_violations(route, scenario),
            *token_violations(route, scenario),
        ]
    if scenario.state() != before:
        found.append(f"{route.pattern} let somebody change alice's data")
    return found


def send(client: Client, method: str, url: str, headers: dict[str, str] | None = None) -> HttpResponseBase:
    return client.generic(method, url, headers=headers or {})


def content_of(response: HttpResponseBase) -> bytes:
    return b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined,call-overload]


def is_refused(response: HttpResponseBase) -> bool:
    location = response.headers.get("Location", "")
    to_login = response.status_code == 302 and any(page in location for page in ("/login/", "/welcome/"))
    return to_login or response.status_code in (401, 403, 405)


def is_redirected_to_parent(response: HttpResponseBase) -> bool:
    """Tell whether a form's address redirected to the page with the form, which is a route of its own."""
    request = response.request  # type: ignore[attr-defined]
    is_safe = request["REQUEST_METHOD"] in ("GET", "HEAD")
    return is_safe and response.status_code == 302 and request["PATH_INFO"].startswith(response.headers["Location"])


def basic_violations(route: Route, scenario: Scenario, users: Iterable[str]) -> Iterator[str]:
    """Yield server errors, and answers to requests without credentials."""
    for who in users:
        for method in METHODS:
            if who == "owner" and method not in SAFE:
                continue  # the owner could delete objects that later requests need
            response = send(scenario.clients[who](), method, route.fill(scenario.values(route)), RANGE)
            content_of(response)
            if response.status_code >= 500:
                yield f"{method} {route.pattern} as {who}: {response.status_code}"
            if who == "anonymous" and not PUBLIC.match(route.pattern) and not is_refused(response):
                yield f"{method} {route.pattern} as {who}: {response.status_code}"


def stranger_violations(route: Route, scenario: Scenario) -> Iterator[str]:
    """Yield server errors, and answers that tell others about Alice's objects."""
    owned = "pk" in route.parameters
    for who in STRANGERS:
        for method in METHODS:
            foreign = send(scenario.clients[who](), method, route.fill(scenario.values(route)), RANGE)
            body = content_of(foreign)
            if foreign.status_code >= 500:
                yield f"{method} {route.pattern} as {who}: {foreign.status_code}"
            if any(
                secret in body for secret in scenario.secrets if not (owned and secret in route_bytes(route, scenario))
            ):
                yield f"{method} {route.pattern} shows {who} alice's data"
            if not owned:
                continue
            missing = send(scenario.clients[who](), method, route.fill(scenario.values(route, missing=True)), RANGE)
            # 400: the request is validated first, with the same result for a missing object.
            refused_or_redirected = is_refused(foreign) or is_redirected_to_parent(foreign)
            if foreign.status_code not in (400, 404) and not refused_or_redirected:
                yield f"{method} {route.pattern} as {who}: {foreign.status_code}, not 404"
            if (foreign.status_code, body) != (missing.status_code, content_of(missing)):
                yield f"{method} {route.pattern} tells {who} that the object exists"


def route_bytes(route: Route, scenario: Scenario) -> bytes:
    """Return the requested address, which a page may repeat."""
    return route.fill(scenario.values(route)).encode()


def token_violations(route: Route, scenario: Scenario) -> Iterator[str]:
    url = route.fill(scenario.values(route))
    for method in METHODS:
        revoked = send(Client(), method, url, scenario.tokens["revoked"])
        content_of(revoked)
        if not is_refused(revoked):
            yield f"{method} {route.pattern} with a revoked token: {revoked.status_code}"
        read_only = send(Client(), method, url, scenario.tokens["read-only"])
        content_of(read_only)
        if method not in SAFE and not is_refused(read_only):
            yield f"{method} {route.pattern} with a read-only token: {read_only.status_code}"


def admin_violations(route: Route, scenario: Scenario) -> Iterator[str]:
    """Yield admin pages that open for users who are not staff. Django decides what staff may do."""
    url = re.sub(r"<[^>]+>|\(\?P<\w+>[^)]*\)", "1", "/" + route.pattern)
    for who in ("anonymous", "owner", "stranger", "stranger's token"):
        for method in ("GET", "POST"):
            response = send(scenario.clients[who](), method, url)
            if response.status_code == 200 or response.status_code >= 500:
                yield f"{method} {route.pattern} as {who}: {response.status_code}"
