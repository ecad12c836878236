"""The budgets of an account: pages and API share one, previews have their own, and few pictures are read at once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recognizer.models import Prediction, Upload
from recognizer.problems import Problem
from recognizer.services import throttles
from recognizer.services.limits.budgets import preview_rate, spend
from recognizer.services.limits.reading_slots import ReadingSlots, reading_slots
from tests.pictures import digit_png, varied_pngs
from tests.processes.people import person_at
from tests.servers.web import WebServer

API = "/api/v1/models/"
PEOPLE = 30
PREVIEWS_A_MINUTE = 600  # a pad sends ten a second while the pen moves


@pytest.fixture(autouse=True)
def fresh_counters():
    throttles.local_counter.windows.clear()


def preview(client: Client):
    return client.post("/preview/", {"image": SimpleUploadedFile("7.png", digit_png())})


@pytest.mark.django_db
def test_pages_and_api_share_one_budget(alice_client, alice_token, bob_client, model, settings):
    settings.API_REQUESTS_PER_USER = 4
    api = Client()
    statuses = [alice_client.get("/").status_code, api.get(API, headers=alice_token).status_code]
    statuses += [alice_client.get("/history/").status_code, alice_client.get("/account/").status_code]
    assert statuses == [200] * 4

    page, answer = alice_client.get("/"), api.get(API, headers=alice_token)
    assert (page.status_code, answer.status_code) == (429, 429)
    assert 0 < int(page["Retry-After"]) <= 60
    assert b"Try again in" in page.content
    assert bob_client.get("/").status_code == 200


@pytest.mark.django_db
def test_a_program_that_sends_pages_gets_the_problem_as_json(alice_client, model, settings):
    settings.API_REQUESTS_PER_USER = 1
    answers = [alice_client.get("/history/", headers={"Accept": "application/json"}) for _ in range(2)]
    assert answers[1].json()["code"] == "throttled"


@pytest.mark.django_db
def test_pages_without_a_login_spend_nothing(alice_client, client, model, settings):
    settings.API_REQUESTS_PER_USER = 1
    for each in (alice_client, client):
        assert {each.get(path).status_code for path in ("/healthz", "/about/", "/login/", "/about/")} <= {200, 302}
    assert alice_client.get("/").status_code == 200


@pytest.mark.django_db
def test_previews_have_a_budget_of_their_own(alice_client, model, settings):
    settings.API_REQUESTS_PER_USER, settings.PREVIEWS_PER_USER = 1, 3
    assert [preview(alice_client).status_code for _ in range(3)] == [200] * 3
    refused = preview(alice_client)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert b"Try again in" in refused.content
    assert b"<html" not in refused.content  # the pad shows it beside the drawing
    assert alice_client.get("/").status_code == 200


def test_thirty_accounts_may_preview_as_fast_as_their_pads_do():
    """They share an address, as a class does. The one that sends far more is refused, and only that one."""
    for account_id in range(PEOPLE):
        for _ in range(PREVIEWS_A_MINUTE):
            spend(preview_rate(account_id), account_id)
    with pytest.raises(Problem) as raised:
        for _ in range(2 * PREVIEWS_A_MINUTE):
            spend(preview_rate(0), 0)
    assert raised.value.code == "throttled"
    spend(preview_rate(1), 1)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_thirty_accounts_draw_at_once_at_a_real_server(
    model, redis_server, same_database, static_files, tmp_path: Path
):
    people = [User.objects.create_user(f"person-{n}") for n in range(PEOPLE)]
    pictures = list(varied_pngs(PEOPLE, size=300))
    web = WebServer(log=tmp_path / "web.log", environment=same_database)
    web.start()

    def draw(number: int) -> list[int]:
        """Draw with five previews, look at the answer, and go back."""
        with person_at(web, people[number]) as client:
            file = {"image": ("drawing.png", pictures[number], "image/png")}
            statuses = [client.post("/preview/", files=file).status_code for _ in range(5)]
            saved = client.post("/uploads/", files=file)
            statuses += [client.get(path).status_code for path in (saved.headers["Location"], "/")]
            return [*statuses, saved.status_code]

    try:
        with ThreadPoolExecutor(PEOPLE) as pool:
            statuses = [status for each in pool.map(draw, range(PEOPLE)) for status in each]
    finally:
        web.stop()
    assert set(statuses) == {200, 302}
    assert Prediction.objects.count() == PEOPLE


def test_a_slot_is_refused_once_all_are_taken_and_given_back_after_the_reading(settings):
    settings.READINGS_AT_ONCE = 2
    slots = ReadingSlots()
    with slots.taken_by(1):
        with slots.taken_by(1):
            with pytest.raises(Problem) as raised, slots.taken_by(1):
                pytest.fail("A third reading must not begin.")
            assert (raised.value.status, raised.value.headers) == (429, {"Retry-After": "1"})
            with slots.taken_by(2):
                pass
        with slots.taken_by(1):
            pass
    assert not slots.running


def test_an_error_gives_the_slot_back():
    slots = ReadingSlots()
    with pytest.raises(ZeroDivisionError), slots.taken_by(1):
        _ = 1 / 0
    assert not slots.running


@pytest.mark.django_db
def test_every_door_that_reads_is_bounded_for_each_account(
    alice, alice_client, alice_token, bob_token, model, media, settings
):
    upload = alice_client.post("/examples/", {"example": "7"})
    with ExitStack() as held:
        for _ in range(settings.READINGS_AT_ONCE):
            held.enter_context(reading_slots.taken_by(alice.pk))
        png, api = {"content_type": "image/png"}, Client()
        answers = [
            preview(alice_client),
            alice_client.post("/uploads/", {"image": SimpleUploadedFile("7.png", digit_png())}),
            alice_client.post("/examples/", {"example": "7"}),
            alice_client.post(f"{upload['Location']}read-again/", {"mode": "digit"}),
            api.post("/api/v1/predictions/", digit_png(), headers=alice_token, **png),
            api.post("/api/v1/predictions/?save=false", digit_png(), headers=alice_token, **png),
            api.post("/predict", {"file": SimpleUploadedFile("7.png", digit_png())}, headers=alice_token),
        ]
        assert [answer.status_code for answer in answers] == [429] * len(answers)
        assert {answer["Retry-After"] for answer in answers} == {"1"}
        assert api.post("/api/v1/predictions/", digit_png(), headers=bob_token, **png).status_code == 201
    assert Upload.objects.filter(owner=alice).count() == 1
    assert preview(alice_client).status_code == 200


@pytest.mark.django_db
def test_previews_leave_a_slot_to_a_picture_that_is_kept(alice, alice_client, model, media, settings):
    with ExitStack() as held:
        for _ in range(settings.READINGS_AT_ONCE - 1):
            held.enter_context(reading_slots.taken_by(alice.pk))
        assert preview(alice_client).status_code == 429
        assert alice_client.post("/examples/", {"example": "7"}).status_code == 302
