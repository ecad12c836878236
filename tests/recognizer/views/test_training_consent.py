"""Tests of the consent to trainings on the account page and in the personal export."""

import pytest
from django.urls import reverse

from recognizer.services.exports.personal_data import describe_account
from recognizer.services.learning.consent import has_training_consent, people_with_training_consent

pytestmark = pytest.mark.django_db
CHOICE = reverse("account_training")


def pressed_button(client) -> str:
    page = client.get(reverse("account")).content.decode().partition(f'action="{CHOICE}"')[2].partition("</form>")[0]
    (value,) = [value for value in ("yes", "no") if f'name="consent" value="{value}" aria-pressed="true"' in page]
    return value


def test_nobody_has_given_consent_before_saying_so(alice, alice_client):
    assert pressed_button(alice_client) == "no"
    assert not has_training_consent(alice.pk)
    assert not people_with_training_consent().exists()


def test_consent_is_given_and_withdrawn(alice, bob, alice_client):
    answer = alice_client.post(CHOICE, {"consent": "yes"})
    assert answer.url == f"{reverse('account')}#training"
    assert pressed_button(alice_client) == "yes"
    assert list(people_with_training_consent()) == [alice]
    assert describe_account(alice)["training_consent"] is True
    assert describe_account(bob)["training_consent"] is False
    alice_client.post(CHOICE, {"consent": "no"})
    assert pressed_button(alice_client) == "no"
    assert not people_with_training_consent().exists()


def test_a_closed_account_gives_no_consent(alice, alice_client):
    alice_client.post(CHOICE, {"consent": "yes"})
    alice.is_active = False
    alice.save()
    assert not people_with_training_consent().exists()


@pytest.mark.parametrize("fields", [{}, {"consent": "maybe"}, {"consent": "\0"}])
def test_another_value_is_refused(alice, alice_client, fields):
    assert alice_client.post(CHOICE, fields).status_code == 400
    assert not has_training_consent(alice.pk)


def test_other_choices_of_the_account_stay(alice, alice_client):
    alice_client.post(reverse("account_pictures"), {"days": "90"})
    alice_client.post(CHOICE, {"consent": "yes"})
    assert describe_account(alice)["pictures_kept_days"] == 90
