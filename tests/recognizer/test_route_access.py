"""Access to every route, requested as every kind of user. New routes are tested without a change here."""

import uuid
from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from recognizer.models import Audit, Correction, FeatureMap, ModelVersion, Training, Upload
from recognizer.services import throttles
from recognizer.services.batches import intake
from recognizer.services.exports.table_exports import request_table
from recognizer.services.history.corrections import correct
from recognizer.services.people.export_links import create_link
from recognizer.services.people.notices import tell_person
from recognizer.services.people.tokens import create_token, revoke_token
from recognizer.services.reading.feature_maps import ensure_maps
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.presets import create_preset
from recognizer.words.notices import EXPORT_READY
from tests.conftest import client_of, token_headers
from tests.pictures import digit_png
from tests.recognizer.route_access import Route, Scenario, all_routes, find_violations

pytestmark = pytest.mark.django_db
NAME = "name-chosen-by-alice"


@pytest.fixture
def trainer(django_user_model: type[User]) -> User:
    trainer = django_user_model.objects.create_user("trainer")
    trainer.user_permissions.add(Permission.objects.get(codename="trainer"))
    return trainer


@pytest.fixture
def scenario(alice: User, bob: User, trainer: User, admin: User, model: ModelVersion, settings) -> Scenario:
    settings.API_REQUESTS_PER_ADDRESS = settings.API_REQUESTS_PER_USER = 10**9
    settings.LOGINS_PER_ADDRESS = settings.LOGINS_PER_NAME = 10**9
    # Sessions in cookies, so that a logout in one request does not end the session of the next.
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    settings.AUDITED_SHARE = 1.0
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
    revoked, revoked_secret = create_token(user=alice, name=NAME)
    revoke_token(revoked)
    notice = tell_person(alice.pk, EXPORT_READY)
    preset = create_preset(owner=alice, name=NAME, fields={"digits": "1"})
    table = request_table(alice, title=NAME, site="https://example.org", batch=batch)
    link, _link_secret = create_link(batch)
    Training.objects.create(number=1, base=model, started_by=alice)
    glyph = prediction.glyphs.get()
    objects = {
        "uploads/": prediction.upload_id,
        "review/": prediction.upload_id,
        "glyphs/": glyph.pk,
        "feature-maps/": drawn.pk,
        "batches/": batch.pk,
        "exports/": table.pk,
        "links/": link.pk,
        "quality/mistakes/": Audit.objects.get(prediction=prediction).pk,
        "quality/": prediction.stream_id,
        "notices/": notice.pk,
        "models/pictures/": prediction.upload_id,
        "account/tokens/": token.pk,
        "account/presets/": preset.pk,
        "api/v1/presets/": preset.pk,
        "api/v1/predictions/": prediction.pk,
        "api/v1/batches/": batch.pk,
        "api/v1/exports/": table.pk,
        "api/v1/quality/": prediction.stream_id,
        "api/v1/tokens/": token.pk,
    }
    details = {
        "step": drawn.layer,
        "position": 0,
        "layer": drawn.layer,
        "channel": 0,
        "kind": "occlusion",
        "digit": glyph.digit,
        "version": model.version,
        "number": 1,
        "size": 180,
        "uidb64": "x",
        "token": "y",
        "key": "z",
        "secret": "dgl_z",
    }
    secrets = [NAME.encode(), *(str(key).encode() for key in objects.values())]
    clients: dict[str, Callable[[], Client]] = {
        "anonymous": Client,
        "owner": log_in(alice),
        "stranger": log_in(bob),
        "trainer": log_in(trainer),
        "staff": log_in(admin),
        "stranger's token": partial(Client, headers=token_headers(bob)),
    }
    tokens = {
        "revoked": {"Authorization": f"Bearer {revoked_secret}"},
        "read-only": token_headers(alice, scope="read"),
    }
    return Scenario(alice, objects, details, secrets, clients, tokens)


def log_in(user: User) -> Callable[[], Client]:
    session = client_of(user).cookies

    def connect() -> Client:
        client = Client()
        client.cookies.load({name: morsel.value for name, morsel in session.items()})
        return client

    return connect


def group_routes() -> dict[str, list[Route]]:
    """Return all routes by the first part of their address: in the API and the admin the first three."""
    groups: dict[str, list[Route]] = {}
    for route in all_routes():
        parts = route.pattern.split("/")
        length = {"api": 3, "admin": 3}.get(parts[0], 1)
        groups.setdefault("/".join(parts[:length]), []).append(route)
    return groups


ROUTES = group_routes()


def test_the_routes_are_found():
    assert sum(map(len, ROUTES.values())) > 60


@pytest.mark.slow
@pytest.mark.parametrize("group", ROUTES)
def test_no_route_gives_access_to_the_data_of_others(group: str, scenario: Scenario):
    found = [violation for route in ROUTES[group] for violation in find_violations(route, scenario)]
    assert found == [], "\n".join(found)


def test_the_owner_can_open_her_own_objects(scenario: Scenario):
    client = client_of(scenario.alice)
    for pattern in ("api/v1/predictions/<uuid:pk>/", "uploads/<uuid:pk>/", "uploads/<uuid:pk>/picture/"):
        route = Route(pattern)
        assert client.get(route.fill(scenario.values(route))).status_code == 200


# --- Views that leak, to prove that leaks are found ---------------------------------------------------------------


def show_name(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return HttpResponse(getattr(Upload.objects.filter(pk=pk).first(), "name", "nothing"))


def list_names(request: HttpRequest) -> HttpResponse:
    return HttpResponse(",".join(Upload.objects.values_list("name", flat=True)))


def tell_existence(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return HttpResponse("not yours" if Upload.objects.filter(pk=pk).exists() else "nothing", status=404)


@csrf_exempt
def change_on_delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    if request.method == "DELETE":
        Upload.objects.filter(pk=pk).update(name="mine now")
    return HttpResponse("nothing here", status=404)


urlpatterns = [
    path("", include("config.urls")),
    path("uploads/<uuid:pk>/shows/", show_name),
    path("lists/", list_names),
    path("uploads/<uuid:pk>/tells/", tell_existence),
    path("uploads/<uuid:pk>/deletes/", change_on_delete),
]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("uploads/<uuid:pk>/shows/", "shows stranger alice's data"),
        ("lists/", "shows stranger alice's data"),
        ("uploads/<uuid:pk>/tells/", "tells stranger that the object exists"),
        ("uploads/<uuid:pk>/deletes/", "let somebody change alice's data"),
    ],
)
def test_a_leaking_view_is_found(scenario: Scenario, pattern: str, message: str):
    assert Route(pattern) in set(all_routes())
    found = find_violations(Route(pattern), scenario)
    assert any(message in violation for violation in found), found
