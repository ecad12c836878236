"""Names that may be taken, and names that stay valid."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from recognizer.services.people.usernames import check_username
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password-of-dora"


def code_of(name: str, **options) -> str:
    """Return the code of the error that refuses the name, or an empty string."""
    try:
        check_username(name, **options)
    except ValidationError as error:
        return str(error.code)
    return ""


@pytest.mark.parametrize(
    "name", ["dora", "Dora_3", "müller.k", "Ärger", "иван2", "ελένη", "山田たろう", "りんごリンゴ", "한국", "d+1@x-y"]
)
def test_names_of_one_alphabet_are_free(name):
    assert code_of(name) == ""


@pytest.mark.parametrize("name", ["dоra", "doraπ", "иvan", "山田taro", "dora٣"])
def test_names_of_several_alphabets_are_refused(name):
    assert code_of(name) == "mixed_scripts"


@pytest.mark.parametrize(
    ("taken", "name"), [("Dora", "dora"), ("dora", "ｄｏｒａ"), ("Ärger", "äRGER"), ("ИВАН", "иван")]
)
def test_a_name_is_taken_whatever_its_case_and_width(taken, name):
    owner = User.objects.create_user(taken)
    assert code_of(name) == "unique"
    assert code_of(name, excluded_id=owner.pk) == ""


@pytest.mark.parametrize(
    "name", ["b0b-the-adm1n", "bobtheadmin", "Bob.The.Admin", "bob_the_adrnin", "bob+the+admín", "böb-the-admin"]
)
def test_a_name_must_not_look_like_one_of_the_staff(name):
    User.objects.create_user("bob-the-admin", is_staff=True)
    assert code_of(name) == "lookalike"


@pytest.mark.parametrize("role", ["is_staff", "is_superuser"])
def test_letters_of_another_alphabet_do_not_hide_a_likeness(role):
    User.objects.create_user("ace", **{role: True})
    assert code_of("асе") == "lookalike"  # Cyrillic


def test_a_name_may_look_like_that_of_a_person_without_rights(alice):
    assert code_of("al1ce") == ""


def sign_up(client: Client, name: str):
    form = {"username": name, "password1": PASSWORD, "password2": PASSWORD}
    return client.post(reverse("signup"), form)


@pytest.mark.parametrize("name", ["ADMIN", "adm1n", "аdmin"])
def test_the_sign_up_refuses_such_names(client, admin, name):
    page = sign_up(client, name)
    assert page.status_code == 400
    assert set(page.context["form"].errors) == {"username"}


def test_existing_names_stay_valid_for_a_login(client):
    for name in ("Dora", "dora", "dоra"):
        User.objects.create_user(name, password=PASSWORD)
        assert client.post(reverse("login"), {"username": name, "password": PASSWORD}).url == reverse("desk")
        client.logout()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["dora", "DORA"])
def test_one_of_two_simultaneous_sign_ups_with_the_same_name_in_any_case_gets_an_error(name):
    answers = []
    with meanwhile(lambda: answers.append(sign_up(Client(), "Dora").status_code)):
        answers.append(sign_up(Client(), name).status_code)
    assert sorted(answers) == [302, 400]
    assert User.objects.count() == 1
