"""Tests of the pages of trainings: what everybody sees, and who may start, stop and activate."""

import shutil
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from recognizer.models import Job, ModelVersion, Prediction, Training
from recognizer.services.history.corrections import correct
from recognizer.services.learning import changes
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.learning.trainings import MIN_PICTURES, start_training
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry.model_versions import models
from tests.ended_training import create_ended_training
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import run_waiting_jobs

pytestmark = pytest.mark.django_db
LIST, START = reverse("trainings"), reverse("training_start")


@pytest.fixture
def reviewed(add_prediction, alice) -> None:
    choose_training_consent(alice, is_given=True)
    for _ in range(MIN_PICTURES):
        correct(prediction=add_prediction("7"), by=alice, kind="confirm")


@pytest.fixture
def ended(model, media, tmp_path, alice) -> Training:
    return create_ended_training(model, by=alice, folder=tmp_path)


def page_of(client: Client, number: int = 1) -> str:
    return client.get(reverse("training_detail", args=[number])).content.decode()


def test_the_empty_list_says_what_is_missing(model, trainer_client):
    page = trainer_client.get(LIST).content.decode()
    assert "There was no training yet." in page
    assert f"needs {MIN_PICTURES} reviewed pictures" in page
    assert "You have not allowed training with your pictures." in page
    assert f'action="{START}"' not in page


def test_only_a_trainer_starts_and_stops(reviewed, alice_client, admin_client, trainer_client, model):
    assert f'action="{START}"' not in alice_client.get(LIST).content.decode()
    assert alice_client.post(START).status_code == 403
    assert not Training.objects.exists()
    assert f'action="{START}"' in trainer_client.get(LIST).content.decode()
    assert trainer_client.post(START).url == reverse("training_detail", args=[1])
    second = trainer_client.post(START)
    assert second.status_code == 409
    assert "Another training is open" in second.content.decode()
    stop = reverse("training_stop", args=[1])
    assert alice_client.post(stop).status_code == 403
    assert stop not in page_of(alice_client)
    assert stop in page_of(trainer_client)
    assert Training.objects.get().is_open
    trainer_client.post(stop)
    assert Training.objects.get().outcome == Training.Outcome.CANCELLED
    assert "It made no candidate" in page_of(trainer_client)


def test_only_trainers_see_the_error_of_a_failed_training(model, bob_client, trainer_client):
    error = "/srv/digits/mnist.npz: Permission denied"
    Training.objects.create(number=1, base=model, outcome=Training.Outcome.FAILED, error=error)
    assert error in page_of(trainer_client)
    page = page_of(bob_client)
    assert error not in page
    assert "The training made no candidate. People who may train models see the reason." in page


def test_an_open_training_is_polled_and_one_that_ended_is_not(reviewed, alice, alice_client, model):
    training = start_training(by=None)
    assert 'hx-trigger="every 1s, visibilitychange' in page_of(alice_client)
    assert "No worker for trainings is running" in page_of(alice_client)
    part = alice_client.get(reverse("training_detail", args=[1]), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    training.outcome = Training.Outcome.FAILED
    training.save()
    assert "hx-trigger" not in page_of(alice_client)
    assert "The training made no candidate." in page_of(alice_client)


def test_everybody_sees_curves_and_comparison_and_only_trainers_see_who_and_buttons(
    ended, alice_client, bob_client, trainer_client
):
    page = page_of(bob_client)
    assert "Learning curves" in page
    assert "plot-series-2" in page
    assert "The digit 7 read right" in page
    assert "did not pass the comparison. The digit 7: " in page
    assert "1,840 from 402 pictures of 6 people" in page
    assert "alice" not in page
    assert "promote/" not in page
    trainer_page = page_of(trainer_client)
    assert "alice" in trainer_page
    assert 'name="reason"' in trainer_page
    assert "did not pass" in trainer_client.get(LIST).content.decode()


def test_the_active_candidate_offers_the_way_back(ended, trainer_client, model):
    trainer_client.post(reverse("model_promote", args=["learnt-1"]), {"reason": "it reads our forms"})
    assert f"Go back to {model.version}" in page_of(trainer_client)
    trainer_client.post(reverse("model_promote", args=[model.version]))
    assert ModelVersion.objects.get(state="active") == model


def test_only_own_digits_that_would_change_are_shown(ended, add_prediction, alice, alice_client, bob_client):
    add_prediction("71")
    assert "0 of 2 digits of yours" in page_of(alice_client)
    assert "You have no digits to compare yet." in page_of(bob_client)


def test_all_own_digits_are_compared_page_by_page(ended, add_prediction, alice_client, monkeypatch):
    monkeypatch.setattr(changes, "PAGE_SIZE", 2)
    for text in ("71", "203"):
        add_prediction(text)
    address, compared = reverse("training_detail", args=[1]), []
    while address:
        page = alice_client.get(address).context["changes"]
        compared += [glyph.pk for glyph in page.page.rows]
        address = f"{reverse('training_detail', args=[1])}?cursor={page.page.older}" if page.page.older else ""
    assert len(compared) == len(set(compared)) == 5
    assert alice_client.get(f"{reverse('training_detail', args=[1])}?cursor=forged").status_code == 400


def answers_of(client: Client) -> str:
    return page_of(client).partition('id="answers"')[2].partition("</section>")[0]


def test_own_answers_that_would_change_are_found_by_reading_ones_own_pictures(
    ended, alice, bob, alice_client, bob_client
):
    own, same, foreign = (
        create_prediction(owner=owner, data=digit_png(digit, size=100), source="upload", mode="digit")
        for owner, digit in ((alice, 7), (alice, 1), (bob, 7))
    )
    compare = reverse("training_compare", args=[1])
    assert f'action="{compare}"' in answers_of(alice_client)
    alice_client.post(compare)
    assert "2 pictures are still being read" in answers_of(alice_client)
    alice_client.post(compare)
    assert Job.objects.filter(kind=Job.Kind.RESCORE).count() == 1
    run_waiting_jobs()
    answers = answers_of(alice_client)
    assert "learnt-1 has read 2 pictures of yours. 0 answers would change." in answers
    assert f'action="{compare}"' not in answers
    Prediction.objects.filter(model=ended.candidate, upload=own.upload).update(text="4", decision="unsure")
    answers = answers_of(alice_client)
    assert "1 answer would change" in answers
    assert f"/uploads/{own.upload_id}/" in answers
    assert f"/uploads/{same.upload_id}/" not in answers
    assert f"{own.text} (sure)" in answers
    assert "<strong>4</strong> (unsure)" in answers
    assert Prediction.objects.get(upload=own.upload, is_current=True) == own
    assert str(own.upload_id) not in page_of(bob_client)
    assert not Prediction.objects.filter(model=ended.candidate, upload=foreign.upload).exists()


def test_pictures_of_nobody_and_trainings_without_a_candidate_are_not_compared(ended, bob_client, model):
    assert "You have no pictures to compare yet." in answers_of(bob_client)
    bob_client.post(reverse("training_compare", args=[1]))
    assert not Job.objects.exists()
    Training.objects.create(number=2, base=model, outcome=Training.Outcome.FAILED)
    assert bob_client.post(reverse("training_compare", args=[2])).status_code == 404


def test_the_page_of_a_training_outlives_its_candidate(ended, bob_client):
    ended.candidate.delete()
    page = page_of(bob_client)
    assert "The candidate of this training was deleted." in page
    assert "made no candidate" not in page
    assert "the candidate is right" in page


@pytest.mark.parametrize("trouble", ["missing", "damaged"])
def test_the_rest_of_the_page_is_shown_without_the_files_of_the_candidate(
    ended, add_prediction, alice_client, settings, trouble
):
    add_prediction("71")
    stored = Path(default_storage.path(ended.candidate.stored_folder))
    if trouble == "missing":
        shutil.rmtree(stored)
    else:
        (stored / "card.json").write_text("{}")
    shutil.rmtree(settings.MODEL_CACHE_ROOT, ignore_errors=True)
    models.loaded.clear()
    answer = alice_client.get(reverse("training_detail", args=[1]))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "The comparison with your own digits is not available" in page
    assert "The digit 7 read right" in page
    assert "Learning curves" in page


@pytest.mark.parametrize("number", [0, 2, 10**30])
def test_an_unknown_training_is_not_found(ended, trainer_client, number):
    assert trainer_client.get(f"/models/trainings/{number}/").status_code == 404
    assert trainer_client.post(f"/models/trainings/{number}/stop/").status_code == 404


def test_the_pages_take_few_queries(ended, alice_client, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        alice_client.get(LIST)
    with django_assert_max_num_queries(17):
        page_of(alice_client)
