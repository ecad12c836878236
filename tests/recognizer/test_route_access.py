"""Every route, tried as everybody. The routes are the resolver's: a new one is tried without a word being added."""

import uuid
from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from recognizer.models import Correction, FeatureMap, ModelVersion, Upload
from recognizer.services.batches import intake
from recognizer.services.history.corrections import correct
from recognizer.services.limits import throttles
from recognizer.services.people.tokens import create_token, revoke_token
from recognizer.services.reading.feature_maps import ensure_maps
from recognizer.services.reading.predictions import create_prediction
from tests.conftest import client_of, token_headers
from tests.pictures import digit_png
from tests.recognizer.route_access import Route, Stage, all_routes, violations

pytestmark = pytest.mark.django_db
NAME = "alices-own-name-for-it"


@pytest.fixture
def stage(alice: User, bob: User, admin: User, model: ModelVersion, settings) -> Stage:
    settings.API_REQUESTS_PER_ADDRESS = settings.API_REQUESTS_PER_USER = 10**9
    settings.LOGINS_PER_ADDRESS = settings.LOGINS_PER_NAME = 10**9
    # A session that one request ends (POST /logout/) goes on in the cookies of the next.
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    throttles.local_counter.windows.clear()
    prediction = create_prediction(owner=alice, data=digit_png(7), source=Upload.Source.API, name=NAME)
    ensure_maps(prediction)
    correct(prediction=prediction, by=alice, kind=Correction.Kind.CORRECT, text="1")
    drawn = FeatureMap.objects.filter(glyph__prediction=prediction).order_by("position")[0]
    drawn.drawn_at, drawn.columns = prediction.created_at, 1
    drawn.image.save("map.png", ContentFile(digit_png()), save=True)
    batch = intake.create_batch(owner=alice, name=NAME)
    intake.add_files(batch, [(f"{NAME}.png", ContentFile(digit_png(4), f"{NAME}.png"))])
    token, _secret = create_token(user=alice, name=NAME)
    gone, gone_secret = create_token(user=alice, name=NAME)
    revoke_token(gone)
    glyph = prediction.glyphs.get()
    things = {
        "uploads/": prediction.upload_id,
        "review/": prediction.upload_id,
        "glyphs/": glyph.pk,
        "feature-maps/": drawn.pk,
        "batches/": batch.pk,
        "account/tokens/": token.pk,
        "api/v1/predictions/": prediction.pk,
        "api/v1/batches/": batch.pk,
        "api/v1/tokens/": token.pk,
    }
    details = {
        "position": 0,
        "layer": drawn.layer,
        "channel": 0,
        "kind": "occlusion",
        "digit": glyph.digit,
        "version": model.version,
        "size": 180,
        "uidb64": "x",
        "token": "y",
    }
    secrets = [NAME.encode(), *(str(key).encode() for key in things.values())]
    people: dict[str, Callable[[], Client]] = {
        "anonymous": Client,
        "owner": logged_in(alice),
        "stranger": logged_in(bob),
        "staff": logged_in(admin),
        "stranger's token": partial(Client, headers=token_headers(bob)),
    }
    tokens = {
        "revoked": {"Authorization": f"Bearer {gone_secret}"},
        "read-only": token_headers(alice, scope="read"),
    }
    return Stage(alice, things, details, secrets, people, tokens)


def logged_in(user: User) -> Callable[[], Client]:
    session = client_of(user).cookies

    def client() -> Client:
        client = Client()
        client.cookies.load({name: morsel.value for name, morsel in session.items()})
        return client

    return client


@pytest.mark.slow
def test_on_every_route_everybody_gets_what_is_theirs_and_no_more(stage: Stage):
    routes = list(all_routes())
    assert len(routes) > 60
    found = [violation for route in routes for violation in violations(route, stage)]
    assert found == [], "\n".join(found)


def test_on_its_owners_own_routes_she_is_let_in(stage: Stage):
    client = client_of(stage.alice)
    for pattern in ("api/v1/predictions/<uuid:pk>/", "uploads/<uuid:pk>/", "uploads/<uuid:pk>/picture/"):
        route = Route(pattern)
        assert client.get(route.filled(stage.values(route))).status_code == 200


# --- The test of the test: doors that leak, each in its own way ------------------------------------------------


def shows(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return HttpResponse(getattr(Upload.objects.filter(pk=pk).first(), "name", "nothing"))


def lists(request: HttpRequest) -> HttpResponse:
    return HttpResponse(",".join(Upload.objects.values_list("name", flat=True)))


def tells(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return HttpResponse("not yours" if Upload.objects.filter(pk=pk).exists() else "nothing", status=404)


@csrf_exempt
def deletes(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    if request.method == "DELETE":
        Upload.objects.filter(pk=pk).update(name="mine now")
    return HttpResponse("nothing here", status=404)


urlpatterns = [
    path("", include("config.urls")),
    path("uploads/<uuid:pk>/shows/", shows),
    path("lists/", lists),
    path("uploads/<uuid:pk>/tells/", tells),
    path("uploads/<uuid:pk>/deletes/", deletes),
]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("uploads/<uuid:pk>/shows/", "shows stranger what is alice's"),
        ("lists/", "shows stranger what is alice's"),
        ("uploads/<uuid:pk>/tells/", "tells stranger that it exists"),
        ("uploads/<uuid:pk>/deletes/", "let somebody change what is alice's"),
    ],
)
def test_a_leak_is_found(stage: Stage, pattern: str, complaint: str):
    assert Route(pattern) in set(all_routes())
    found = violations(Route(pattern), stage)
    assert any(complaint in violation for violation in found), found
