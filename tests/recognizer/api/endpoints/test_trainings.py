"""Tests of the endpoints of trainings: who starts and stops one, and what each account sees of it."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from recognizer.models import Training
from recognizer.services.history.corrections import correct
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.learning.trainings import MIN_PICTURES
from tests.conftest import token_headers

URL = "/api/v1/trainings/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer(bob: User) -> User:
    bob.user_permissions.add(Permission.objects.get(codename="trainer"))
    return bob


@pytest.fixture
def reviewed(add_prediction, alice: User, model) -> None:
    choose_training_consent(alice, is_given=True)
    for _ in range(MIN_PICTURES):
        correct(prediction=add_prediction("7"), by=alice, kind="confirm")


def get(user: User, url: str = URL) -> Any:
    return Client().get(url, headers=token_headers(user))


def post(user: User, url: str = URL, **options: Any) -> Any:
    return Client().post(url, headers=token_headers(user, **options))


def test_a_trainer_starts_a_training_and_stops_it(reviewed, trainer, model):
    made = post(trainer)
    body = made.json()
    assert (made.status_code, made["Location"]) == (202, body["url"])
    assert (body["number"], body["state"], body["base"], body["candidate"]) == (1, "waiting", model.version, None)
    assert Training.objects.get().started_by == trainer
    assert get(trainer, body["url"]).json() == body
    assert get(trainer).json()["results"] == [body]

    second = post(trainer)
    assert (second.status_code, second.json()["code"]) == (409, "conflict")
    stopped = post(trainer, body["url"] + "stop/").json()
    assert stopped["state"] == "cancelled"
    assert post(trainer, body["url"] + "stop/").json() == stopped


def test_without_enough_pictures_the_answer_says_how_many_are_missing(trainer, model):
    refused = post(trainer)
    assert refused.status_code == 409
    assert "needs 20 reviewed pictures" in refused.json()["detail"]


def test_others_see_trainings_and_can_neither_start_nor_stop_one(reviewed, alice, admin, trainer):
    assert post(alice).status_code == 403
    number = post(trainer).json()["number"]
    Training.objects.update(error="the reason")
    assert post(alice, f"{URL}{number}/stop/").status_code == 403
    assert post(trainer, f"{URL}{number}/stop/", scope="read").status_code == 403
    assert Training.objects.get().is_open
    assert get(alice).json()["results"][0]["error"] == ""
    assert get(trainer).json()["results"][0]["error"] == "the reason"
    assert Client().get(URL).status_code == 401


def test_an_unknown_training_is_not_found(trainer, model):
    for number in ("4", "99999999999999999999"):
        assert get(trainer, f"{URL}{number}/").status_code == 404
        assert post(trainer, f"{URL}{number}/stop/").status_code == 404


def test_the_comparison_of_a_candidate_and_its_curves_are_shown(reviewed, trainer, model):
    number = post(trainer).json()["number"]
    check = {"name": "hands", "active": 0.9, "candidate": 0.8, "bound": 0.0, "limit": 0.05, "passed": False}
    model.gate = {"passed": False, "checks": [check], "against": "digits-1", "against_digest": "x"}
    model.save()
    epochs = [{"number": 1, "loss": 0.5, "validation_accuracy": 0.9, "validation_loss": 0.4}]
    Training.objects.update(outcome="candidate", candidate=model, epochs=epochs)
    body = get(trainer, f"{URL}{number}/").json()
    assert (body["state"], body["candidate"], body["epochs"]) == ("candidate", model.version, epochs)
    assert body["gate"] == {"passed": False, "against": "digits-1", "checks": [check]}


def test_a_list_takes_few_queries(trainer, model, django_assert_max_num_queries):
    for number in range(1, 31):
        Training.objects.create(number=number, base=model, outcome="failed")
    headers = token_headers(trainer)
    with django_assert_max_num_queries(8):
        body = Client().get(URL, {"page_size": "20"}, headers=headers).json()
    assert [row["number"] for row in body["results"]] == list(range(30, 10, -1))
    older = Client().get(body["next"], headers=headers).json()["results"]
    assert [row["number"] for row in older] == list(range(10, 0, -1))
