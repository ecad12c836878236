"""Accounts: made, entered, left, mended, deleted."""

import io
import json
import re
import zipfile
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recognizer.models import ApiToken
from recognizer.services.people.tokens import create_token, find_token
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db

NEW = {"username": "dora", "password1": "a-long-password-of-dora", "password2": "a-long-password-of-dora"}


@pytest.fixture(autouse=True)
def nobody_guessed_yet(monkeypatch):
    from recognizer.services.limits import throttles

    monkeypatch.setattr(throttles, "local", throttles.LocalCounter())


def test_signing_up_logs_in(client):
    assert client.post(reverse("signup"), NEW).url == reverse("desk")
    assert client.get(reverse("account")).context["user"].username == "dora"


@pytest.mark.parametrize(
    "wrong", [{"username": ""}, {"password2": "another"}, {"password1": "12345678", "password2": "12345678"}]
)
def test_a_wrong_sign_up_is_said_and_makes_nobody(client, wrong):
    page = client.post(reverse("signup"), NEW | wrong)
    assert page.status_code == 400
    assert "errorlist" in page.content.decode()
    assert not User.objects.exists()


def test_a_weak_password_is_said_beside_it_and_not_under_its_repetition(client, alice_client):
    weak = {"password1": "123", "password2": "123"}
    form = client.post(reverse("signup"), {"username": "dora", **weak}).context["form"]
    assert set(form.errors) == {"password1"}
    changed = {"old_password": "alice-password", "new_password1": "123", "new_password2": "123"}
    assert set(alice_client.post(reverse("password_change"), changed).context["form"].errors) == {"new_password1"}


@pytest.mark.django_db(transaction=True)
def test_of_two_that_take_a_name_at_once_one_is_told():
    answers = []
    with meanwhile(lambda: answers.append(Client().post(reverse("signup"), NEW))):
        User.objects.create_user("dora")
    assert answers[0].status_code == 400
    assert set(answers[0].context["form"].errors) == {"username"}


def test_sign_up_can_be_switched_off(client, settings):
    settings.SIGNUP_OPEN = False
    assert client.get(reverse("signup")).status_code == 404
    assert client.post(reverse("signup"), NEW).status_code == 404
    assert reverse("signup") not in client.get(reverse("login")).content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["signup", "about"])
def test_who_else_may_look_at_pictures_is_said(client, model, name):
    assert "the administrators of this installation can" in client.get(reverse(name)).content.decode()


def test_logging_out_needs_a_post(alice_client):
    alice_client.get(reverse("logout"))
    assert alice_client.get(reverse("desk")).status_code == 200
    alice_client.post(reverse("logout"))
    assert alice_client.get(reverse("desk")).status_code == 302


def test_guesses_at_a_password_are_counted(client, alice, settings):
    settings.LOGINS_PER_NAME = 3
    for _ in range(3):
        assert client.post(reverse("login"), {"username": "alice", "password": "guess"}).status_code == 200
    refused = client.post(reverse("login"), {"username": "alice", "password": "alice-password"})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0


@pytest.mark.parametrize("spelled", ["ALICE", " alice", "alice ", "\uff41lice"])
def test_a_name_spelled_otherwise_is_the_same_name(client, alice, settings, spelled):
    settings.LOGINS_PER_NAME = 3
    for _ in range(3):
        client.post(reverse("login"), {"username": spelled, "password": "guess"})
    refused = client.post(reverse("login"), {"username": "alice", "password": "alice-password"})
    assert refused.status_code == 429


NEXT = {"new_password1": "another-long-one", "new_password2": "another-long-one"}


@pytest.mark.parametrize(
    ("door", "guess", "right"),
    [
        ("account_delete", {"password": "guess"}, {"password": "admin-password"}),
        ("password_change", NEXT | {"old_password": "guess"}, NEXT | {"old_password": "admin-password"}),
        ("admin:password_change", NEXT | {"old_password": "guess"}, NEXT | {"old_password": "admin-password"}),
    ],
)
def test_whoever_took_over_a_session_cannot_guess_its_password(admin, admin_client, settings, door, guess, right):
    settings.LOGINS_PER_NAME = 3
    for _ in range(3):
        assert admin_client.post(reverse(door), guess).status_code in (200, 400)
    refused = admin_client.post(reverse(door), right)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 60
    admin.refresh_from_db()
    assert admin.check_password("admin-password")


def test_guesses_at_one_password_are_counted_together_whatever_the_door(alice, alice_client, settings):
    settings.LOGINS_PER_NAME = 3
    alice_client.post(reverse("account_delete"), {"password": "guess"})
    alice_client.post(reverse("password_change"), NEXT | {"old_password": "guess"})
    alice_client.delete("/api/v1/me/", {"password": "guess"}, content_type="application/json")
    assert alice_client.post(reverse("account_delete"), {"password": "alice-password"}).status_code == 429


def test_sign_ups_are_counted(client, settings):
    settings.LOGINS_PER_ADDRESS = 2
    for _ in range(2):
        assert client.post(reverse("signup"), NEW | {"password2": "another"}).status_code == 400
    assert client.post(reverse("signup"), NEW).status_code == 429
    assert not User.objects.exists()


def test_nobodys_mailbox_is_filled_with_resets(client, alice, settings):
    settings.LOGINS_PER_NAME = 2
    for spelled in ("alice@example.org", "ALICE@example.org", " alice@example.org"):
        answer = client.post(reverse("password_reset"), {"email": spelled})
    assert answer.status_code == 429
    assert len(mail.outbox) == 2


def test_a_person_under_attack_logs_in_from_elsewhere(client, alice, settings):
    settings.LOGINS_PER_NAME = 3
    for _ in range(5):
        client.post(reverse("login"), {"username": "alice", "password": "guess"})
    hers = {"username": "alice", "password": "alice-password"}
    assert client.post(reverse("login"), hers, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_the_door_of_the_admin_counts_too(client, admin, settings):
    settings.LOGINS_PER_NAME = 3
    for _ in range(3):
        client.post("/admin/login/", {"username": "admin", "password": "guess"})
    hers = {"username": "admin", "password": "admin-password"}
    assert client.post("/admin/login/", hers).status_code == 429


def test_the_admin_is_entered_through_our_door(client, admin):
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain[0][0].startswith("/admin/login/")
    hers = {"username": "admin", "password": "admin-password", "next": "/admin/"}
    assert client.post("/admin/login/", hers).url == "/admin/"


def test_the_admins_door_tells_others_no(alice_client):
    page = alice_client.get("/admin/", follow=True)
    assert page.status_code == 403
    assert "Your account is not allowed to open this page." in page.content.decode()


def test_a_password_is_changed(alice, alice_client):
    form = {"old_password": "alice-password", "new_password1": "another-long-one", "new_password2": "another-long-one"}
    assert alice_client.post(reverse("password_change"), form).url == reverse("password_change_done")
    alice.refresh_from_db()
    assert alice.check_password("another-long-one")


def test_a_forgotten_password_is_reset_by_e_mail(client, alice):
    client.post(reverse("password_reset"), {"email": "alice@example.org"})
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body)[1]
    page = client.get(link, follow=True)
    form = {"new_password1": "another-long-one", "new_password2": "another-long-one"}
    assert client.post(page.request["PATH_INFO"], form).url == reverse("password_reset_complete")
    alice.refresh_from_db()
    assert alice.check_password("another-long-one")


def test_nobody_learns_which_addresses_are_known(client, alice):
    known = client.post(reverse("password_reset"), {"email": "alice@example.org"})
    unknown = client.post(reverse("password_reset"), {"email": "nobody@example.org"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert len(mail.outbox) == 1


def test_the_address_for_that_can_be_changed(alice, alice_client):
    alice_client.post(reverse("account_email"), {"email": "new@example.org"})
    alice.refresh_from_db()
    assert alice.email == "new@example.org"
    assert alice_client.post(reverse("account_email"), {"email": "none"}).status_code == 400


TOKEN = {"id": str(UUID(int=7)), "name": "script", "scope": "read", "days": "30"}


def test_a_token_is_shown_once(alice, alice_client):
    page = alice_client.post(reverse("token_create"), TOKEN)
    secret = page.context["secret"]
    token = find_token(secret)
    assert (token.user, token.name, token.scope) == (alice, "script", "read")
    assert token.expires_at - timezone.now() > timedelta(days=29)
    assert "no-store" in page["Cache-Control"]
    assert secret not in alice_client.get(reverse("account")).content.decode()


def test_a_page_loaded_again_makes_no_second_token(alice_client):
    alice_client.post(reverse("token_create"), TOKEN)
    again = alice_client.post(reverse("token_create"), TOKEN, follow=True)
    assert again.redirect_chain == [(reverse("account"), 302)]
    assert "This token exists already" in again.content.decode()
    assert ApiToken.objects.count() == 1


def test_every_form_makes_another_token(alice_client):
    for _ in range(2):
        form = alice_client.get(reverse("account")).context["token_form"]
        alice_client.post(reverse("token_create"), TOKEN | {"id": form["id"].value()})
    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize("wrong", [{"name": ""}, {"scope": "root"}, {"days": "9"}, {"id": "1"}])
def test_a_wrong_token_is_not_made(alice_client, wrong):
    page = alice_client.post(reverse("token_create"), TOKEN | wrong)
    assert page.status_code == 400
    assert not ApiToken.objects.exists()


def test_only_its_owner_revokes_a_token(alice, alice_client, bob_client):
    token, secret = create_token(user=alice, name="script")
    assert bob_client.post(reverse("token_revoke", args=[token.pk])).status_code == 404
    assert find_token(secret)
    alice_client.post(reverse("token_revoke", args=[token.pk]))
    assert find_token(secret) is None


def test_all_of_a_persons_data_can_be_taken_along(alice, alice_client, given):
    prediction = given("19")
    create_token(user=alice, name="script")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(alice_client.get(reverse("account_export")))))
    account = json.loads(archive.read("account.json"))[0]
    assert (account["username"], account["tokens"][0]["name"]) == ("alice", "script")
    assert "digest" not in account["tokens"][0]
    (read,) = json.loads(archive.read("predictions.json"))
    assert (read["text"], len(read["glyphs"])) == ("19", 2)
    assert f"pictures/{prediction.upload_id}.png" in archive.namelist()


def test_an_account_is_not_deleted_with_a_wrong_password(alice_client):
    wrong = alice_client.post(reverse("account_delete"), {"password": "guess"})
    assert wrong.status_code == 400
    assert re.search(r'name="password"[^>]* autofocus', wrong.content.decode())
    assert User.objects.filter(username="alice").exists()


def test_a_deleted_account_takes_everything_with_it(alice_client, bob, given):
    given("1"), given("2", owner=bob)
    alice_client.post(reverse("account_delete"), {"password": "alice-password"})
    assert [user.username for user in User.objects.all()] == ["bob"]
    assert bob.uploads.count() == 1


@pytest.mark.parametrize(("chosen", "kept"), [("dark", "dark"), ("light", "light"), ("", ""), ("pink", "")])
def test_a_theme_is_kept_in_a_cookie(client, chosen, kept):
    answer = client.post(reverse("theme"), {"theme": chosen, "next": "/about/"})
    assert (answer.url, answer.cookies["theme"].value) == ("/about/", kept)
