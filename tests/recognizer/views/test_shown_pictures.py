"""Tests of the switch "Trainers may look at my pictures", and of the pages that show pictures of other people."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from recognizer.models import Audit, ModelVersion, Prediction, Upload
from recognizer.services.exports.personal_data import describe_account
from recognizer.services.history.corrections import affirm, correct
from recognizer.services.learning.consent import (
    choose_looks_of_trainers,
    choose_training_consent,
    people_shown_to,
)
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.preferences import preferences_of
from recognizer.services.reading.rescoring import rescore
from tests.conftest import client_of
from tests.ended_training import create_ended_training
from tests.pictures import digit_png
from tests.recognizer.services.batches.conftest import run_waiting_jobs

pytestmark = pytest.mark.django_db
CHOICE, PAGE = reverse("account_trainers"), reverse("shown_pictures")


def picture_url(prediction: Prediction) -> str:
    return reverse("shown_picture", args=[prediction.upload_id])


def read(owner, digit: int = 7, seed: int = 0) -> Prediction:
    return create_prediction(owner=owner, data=digit_png(digit, seed=seed), source="upload", mode="digit")


def section(page: str, name: str) -> str:
    return page.partition(f'id="{name}"')[2].partition("</section>")[0]


def test_nobody_is_shown_before_saying_so(alice, alice_client, trainer_client, model, media):
    assert not preferences_of(alice.pk).trainers_may_look
    assert describe_account(alice)["trainers_may_look"] is False
    assert trainer_client.get(picture_url(read(alice))).status_code == 404


def test_the_switch_is_turned_on_and_off_in_the_account(alice, bob, alice_client):
    assert alice_client.post(CHOICE, {"consent": "yes"}).url == f"{reverse('account')}#training"
    assert preferences_of(alice.pk).trainers_may_look
    assert not preferences_of(bob.pk).trainers_may_look
    assert describe_account(alice)["trainers_may_look"] is True
    form = alice_client.get(reverse("account")).content.decode().partition(f'action="{CHOICE}"')[2]
    assert 'value="yes" aria-pressed="true"' in form
    alice_client.post(CHOICE, {"consent": "no"})
    assert not preferences_of(alice.pk).trainers_may_look


def test_the_two_consents_are_apart(alice, alice_client):
    alice_client.post(CHOICE, {"consent": "yes"})
    assert describe_account(alice)["training_consent"] is False
    alice_client.post(reverse("account_training"), {"consent": "yes"})
    alice_client.post(CHOICE, {"consent": "no"})
    assert describe_account(alice)["training_consent"] is True


@pytest.mark.parametrize("fields", [{}, {"consent": "maybe"}, {"consent": "\0"}])
def test_another_value_of_the_switch_is_refused(alice, alice_client, fields):
    assert alice_client.post(CHOICE, fields).status_code == 400
    assert not preferences_of(alice.pk).trainers_may_look


def test_only_trainers_look_and_only_where_the_owner_allows_it(
    alice, bob, bob_client, admin_client, trainer_client, django_user_model, model, media
):
    allowed, refused = read(alice), read(bob)
    choose_looks_of_trainers(alice, is_given=True)
    staff = client_of(django_user_model.objects.create_user("staff", is_staff=True))
    for client, outcome in ((trainer_client, 200), (admin_client, 200), (bob_client, 403), (staff, 403)):
        assert client.get(picture_url(allowed)).status_code == outcome
        assert client.get(PAGE).status_code == outcome
    for client in (trainer_client, admin_client):
        assert client.get(picture_url(refused)).status_code == 404
    assert Client().get(picture_url(allowed)).status_code == 302


def test_a_withdrawal_counts_for_the_next_request(alice, trainer_client, model, media):
    prediction = read(alice)
    choose_looks_of_trainers(alice, is_given=True)
    answer = trainer_client.get(picture_url(prediction))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    choose_looks_of_trainers(alice, is_given=False)
    assert trainer_client.get(picture_url(prediction)).status_code == 404


@pytest.mark.parametrize("end", ["deleted picture", "closed account"])
def test_deleted_pictures_and_closed_accounts_are_not_shown(alice, trainer_client, model, media, end):
    prediction = read(alice)
    choose_looks_of_trainers(alice, is_given=True)
    if end == "deleted picture":
        prediction.upload.deleted_at = prediction.upload.created_at
        prediction.upload.save()
    else:
        alice.is_active = False
        alice.save()
    assert trainer_client.get(picture_url(prediction)).status_code == 404


def test_one_who_is_no_trainer_any_more_sees_nobody(alice, django_user_model, trainer_client):
    choose_looks_of_trainers(alice, is_given=True)
    trainer = django_user_model.objects.get(username="trainer")
    assert list(people_shown_to(trainer)) == [alice]
    trainer.user_permissions.clear()
    assert not people_shown_to(django_user_model.objects.get(pk=trainer.pk)).exists()
    assert trainer_client.get(PAGE).status_code == 403


def test_each_look_is_in_the_security_log(
    alice, trainer_client, django_user_model, model, media, caplog, django_capture_on_commit_callbacks
):
    prediction = read(alice)
    choose_looks_of_trainers(alice, is_given=True)
    with caplog.at_level("INFO", "recognizer.security"), django_capture_on_commit_callbacks(execute=True):
        trainer_client.get(picture_url(prediction))
    (line,) = [json.loads(record.message) for record in caplog.records if record.name == "recognizer.security"]
    trainer = django_user_model.objects.get(username="trainer")
    assert (line["event"], line["account"], line["by"]) == ("trainer_saw_picture", alice.pk, trainer.pk)
    assert str(prediction.upload_id) in line["picture"]


def test_doubtful_labels_of_others_are_shown_or_counted(alice, bob, trainer_client, model, media):
    wrong = {}
    for person in (alice, bob):
        choose_training_consent(person, is_given=True)
        wrong[person] = read(person)
        correct(prediction=wrong[person], by=person, kind="correct", text="1")
    labels = section(trainer_client.get(PAGE).content.decode(), "labels")
    assert "2 are not shown, because their owners do not let trainers look" in labels
    assert "<img" not in labels
    choose_looks_of_trainers(alice, is_given=True)
    page = trainer_client.get(PAGE).content.decode()
    labels = section(page, "labels")
    assert picture_url(wrong[alice]) in labels
    assert "the owner said <strong>1</strong>" in labels
    assert "1 is not shown" in labels
    assert f'<svg viewBox="0 0 {wrong[alice].upload.width} {wrong[alice].upload.height}"' in labels
    assert labels.count("<rect ") == 1
    assert str(wrong[bob].upload_id) not in page
    assert "alice" not in page
    choose_training_consent(alice, is_given=False)  # no training learns them now
    assert picture_url(wrong[alice]) not in section(trainer_client.get(PAGE).content.decode(), "labels")


def test_a_label_that_its_author_affirmed_is_still_shown_to_trainers(alice, alice_client, trainer_client, model, media):
    choose_training_consent(alice, is_given=True)
    choose_looks_of_trainers(alice, is_given=True)
    wrong = read(alice)
    correct(prediction=wrong, by=alice, kind="correct", text="1")
    affirm(prediction=wrong, by=alice)
    assert str(wrong.upload_id) not in alice_client.get(reverse("quality_labels")).content.decode()
    assert picture_url(wrong) in section(trainer_client.get(PAGE).content.decode(), "labels")


def test_mistakes_of_others_are_shown_or_counted(alice, bob, trainer_client, model, media, settings):
    settings.AUDITED_SHARE = 1.0
    wrong = {person: read(person) for person in (alice, bob)}
    for person, prediction in wrong.items():
        correct(prediction=prediction, by=person, kind="correct", text="1")
    assert Audit.objects.filter(is_right=False).count() == 2
    choose_looks_of_trainers(alice, is_given=True)
    page = trainer_client.get(PAGE).content.decode()
    mistakes = section(page, "mistakes")
    assert picture_url(wrong[alice]) in mistakes
    assert "is <strong>1</strong>" in mistakes
    assert "1 is not shown" in mistakes
    assert str(wrong[bob].upload_id) not in page


def test_answers_of_others_that_would_change_are_shown_or_counted(
    alice, bob, alice_client, trainer_client, model, media, tmp_path
):
    training = create_ended_training(model, by=alice, folder=tmp_path)
    candidate = training.candidate
    assert candidate
    for person in (alice, bob):
        read(person)
        rescore(Upload.objects.filter(owner=person), candidate, asked_by=person.pk)
    run_waiting_jobs()
    Prediction.objects.filter(model=candidate).update(text="4")
    choose_looks_of_trainers(alice, is_given=True)
    url = reverse("training_detail", args=[1])
    others = section(trainer_client.get(url).content.decode(), "others")
    assert picture_url(Prediction.objects.get(owner=alice, is_current=True)) in others
    assert "<strong>4</strong>" in others
    assert "1 is not shown" in others
    assert str(Prediction.objects.get(owner=bob, is_current=True).upload_id) not in others
    assert 'id="others"' not in alice_client.get(url).content.decode()
    ModelVersion.objects.filter(pk=candidate.pk).update(state="retired")
    assert "/models/pictures/" not in trainer_client.get(url).content.decode()


def test_the_page_takes_few_queries(alice, trainer_client, model, media, settings, django_assert_max_num_queries):
    settings.AUDITED_SHARE = 1.0
    choose_looks_of_trainers(alice, is_given=True)
    choose_training_consent(alice, is_given=True)
    for seed in range(3):
        correct(prediction=read(alice, seed=seed), by=alice, kind="correct", text="1")
    trainer_client.get(PAGE)
    with django_assert_max_num_queries(17):
        page = trainer_client.get(PAGE).content.decode()
    assert page.count("<img") == 6
