"""Accounts: sign-up, login, password, tokens, export, deletion and theme."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recognizer.forms.accounts import NewPasswordForm
from recognizer.models import ApiToken, OutgoingMail
from recognizer.problems import Problem
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.addresses import set_address
from recognizer.services.people.tokens import create_token, find_token
from tests.conftest import client_of
from tests.recognizer.deletions import run_deletions
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db

NEW = {"username": "dora", "password1": "a-long-password-of-dora", "password2": "a-long-password-of-dora"}


@pytest.fixture(autouse=True)
def empty_attempt_counters(monkeypatch):
    from recognizer.services import throttles

    monkeypatch.setattr(throttles, "local_counter", throttles.LocalCounter())


def test_signing_up_logs_in(client):
    assert client.post(reverse("signup"), NEW).url == reverse("desk")
    assert client.get(reverse("account")).context["user"].username == "dora"


@pytest.mark.parametrize(
    "wrong", [{"username": ""}, {"password2": "another"}, {"password1": "12345678", "password2": "12345678"}]
)
def test_an_invalid_sign_up_shows_errors_and_creates_no_user(client, wrong):
    page = client.post(reverse("signup"), NEW | wrong)
    assert page.status_code == 400
    assert "errorlist" in page.content.decode()
    assert not User.objects.exists()


def test_the_error_of_a_weak_password_is_shown_at_the_first_field(client, alice_client):
    weak = {"password1": "123", "password2": "123"}
    form = client.post(reverse("signup"), {"username": "dora", **weak}).context["form"]
    assert set(form.errors) == {"password1"}
    changed = {"old_password": "alice-password", "new_password1": "123", "new_password2": "123"}
    assert set(alice_client.post(reverse("password_change"), changed).context["form"].errors) == {"new_password1"}


@pytest.mark.django_db(transaction=True)
def test_one_of_two_simultaneous_sign_ups_with_the_same_name_gets_an_error():
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
def test_the_page_says_that_administrators_can_open_pictures(client, model, name):
    assert "the administrators of this installation can" in client.get(reverse(name)).content.decode()


def test_logging_out_needs_a_post(alice_client):
    alice_client.get(reverse("logout"))
    assert alice_client.get(reverse("desk")).status_code == 200
    alice_client.post(reverse("logout"))
    assert alice_client.get(reverse("desk")).status_code == 302


def test_login_attempts_are_limited(client, alice, settings):
    settings.LOGINS_PER_NAME = 3
    for _ in range(3):
        assert client.post(reverse("login"), {"username": "alice", "password": "guess"}).status_code == 200
    refused = client.post(reverse("login"), {"username": "alice", "password": "alice-password"})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0


@pytest.mark.parametrize("spelled", ["ALICE", " alice", "alice ", "\uff41lice"])
def test_spellings_of_one_username_share_the_limit(client, alice, settings, spelled):
    settings.LOGINS_PER_NAME = 3
    for _ in range(3):
        client.post(reverse("login"), {"username": spelled, "password": "guess"})
    refused = client.post(reverse("login"), {"username": "alice", "password": "alice-password"})
    assert refused.status_code == 429


NEXT = {"new_password1": "another-long-one", "new_password2": "another-long-one"}


@pytest.mark.parametrize(
    ("name", "guess", "right"),
    [
        ("account_delete", {"password": "guess"}, {"password": "admin-password"}),
        ("password_change", NEXT | {"old_password": "guess"}, NEXT | {"old_password": "admin-password"}),
        ("admin:password_change", NEXT | {"old_password": "guess"}, NEXT | {"old_password": "admin-password"}),
    ],
)
def test_password_attempts_of_a_logged_in_user_are_limited(admin, admin_client, settings, name, guess, right):
    settings.LOGINS_PER_NAME = 3
    for _ in range(3):
        assert admin_client.post(reverse(name), guess).status_code in (200, 400)
    refused = admin_client.post(reverse(name), right)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 60
    admin.refresh_from_db()
    assert admin.check_password("admin-password")


def test_all_forms_and_the_api_share_one_limit_of_password_attempts(alice, alice_client, settings):
    settings.LOGINS_PER_NAME = 3
    alice_client.post(reverse("account_delete"), {"password": "guess"})
    alice_client.post(reverse("password_change"), NEXT | {"old_password": "guess"})
    alice_client.delete("/api/v1/me/", {"password": "guess"}, content_type="application/json")
    assert alice_client.post(reverse("account_delete"), {"password": "alice-password"}).status_code == 429


def test_sign_ups_are_limited(client, settings):
    settings.LOGINS_PER_ADDRESS = 2
    for _ in range(2):
        assert client.post(reverse("signup"), NEW | {"password2": "another"}).status_code == 400
    assert client.post(reverse("signup"), NEW).status_code == 429
    assert not User.objects.exists()


def test_password_reset_requests_are_limited(client, alice, settings):
    settings.LOGINS_PER_NAME = 2
    for spelled in ("alice@example.org", "ALICE@example.org", " alice@example.org"):
        answer = client.post(reverse("password_reset"), {"email": spelled})
    assert answer.status_code == 429
    assert OutgoingMail.objects.count() == 2


def test_attempts_from_one_address_do_not_lock_the_user_out_elsewhere(client, alice, settings):
    settings.LOGINS_PER_NAME = 3
    for _ in range(5):
        client.post(reverse("login"), {"username": "alice", "password": "guess"})
    alice_login = {"username": "alice", "password": "alice-password"}
    assert client.post(reverse("login"), alice_login, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_login_attempts_are_limited_in_the_admin(client, admin, settings):
    settings.LOGINS_PER_NAME = 3
    for _ in range(3):
        client.post("/admin/login/", {"username": "admin", "password": "guess"})
    alice_login = {"username": "admin", "password": "admin-password"}
    assert client.post("/admin/login/", alice_login).status_code == 429


def test_the_admin_uses_our_login_page(client, admin):
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain[0][0].startswith("/admin/login/")
    alice_login = {"username": "admin", "password": "admin-password", "next": "/admin/"}
    assert client.post("/admin/login/", alice_login).url == "/admin/"


def test_the_admin_login_page_refuses_users_who_are_not_staff(alice_client):
    page = alice_client.get("/admin/", follow=True)
    assert page.status_code == 403
    assert "Your account is not allowed to open this page." in page.content.decode()


def test_a_password_is_changed(alice, alice_client):
    form = NEXT | {"old_password": "alice-password"}
    assert alice_client.post(reverse("password_change"), form).url == reverse("password_change_done")
    alice.refresh_from_db()
    assert alice.check_password("another-long-one")


TOKEN = {"id": str(UUID(int=7)), "name": "script", "scope": "read", "days": "30"}


def test_a_token_is_shown_once(alice, alice_client):
    page = alice_client.post(reverse("token_create"), TOKEN)
    secret = page.context["secret"]
    token = find_token(secret)
    assert (token.user, token.name, token.scope) == (alice, "script", "read")
    assert token.expires_at - timezone.now() > timedelta(days=29)
    assert "no-store" in page["Cache-Control"]
    assert secret not in alice_client.get(reverse("account")).content.decode()


def test_sending_a_form_twice_creates_one_token(alice_client):
    alice_client.post(reverse("token_create"), TOKEN)
    again = alice_client.post(reverse("token_create"), TOKEN, follow=True)
    assert again.redirect_chain == [(reverse("account"), 302)]
    assert "This token exists already" in again.content.decode()
    assert ApiToken.objects.count() == 1


def test_each_form_creates_its_own_token(alice_client):
    for _ in range(2):
        form = alice_client.get(reverse("account")).context["token_form"]
        alice_client.post(reverse("token_create"), TOKEN | {"id": form["id"].value()})
    assert ApiToken.objects.count() == 2


@pytest.mark.parametrize("wrong", [{"name": ""}, {"scope": "root"}, {"days": "9"}, {"id": "1"}])
def test_an_invalid_form_creates_no_token(alice_client, wrong):
    page = alice_client.post(reverse("token_create"), TOKEN | wrong)
    assert page.status_code == 400
    assert not ApiToken.objects.exists()


def test_only_its_owner_revokes_a_token(alice, alice_client, bob_client):
    token, secret = create_token(user=alice, name="script")
    assert bob_client.post(reverse("token_revoke", args=[token.pk])).status_code == 404
    assert find_token(secret)
    alice_client.post(reverse("token_revoke", args=[token.pk]))
    assert find_token(secret) is None


def test_an_account_is_not_deleted_with_a_wrong_password(alice_client):
    wrong = alice_client.post(reverse("account_delete"), {"password": "guess"})
    assert wrong.status_code == 400
    assert re.search(r'name="password"[^>]* autofocus', wrong.content.decode())
    assert User.objects.filter(username="alice").exists()


def test_deleting_an_account_deletes_its_uploads_only(alice_client, bob, add_prediction):
    add_prediction("1"), add_prediction("2", owner=bob)
    alice_client.post(reverse("account_delete"), {"password": "alice-password"})
    run_deletions()
    assert [user.username for user in User.objects.all()] == ["bob"]
    assert bob.uploads.count() == 1


def test_other_sessions_and_logins_learn_that_the_account_is_being_deleted(client, alice, alice_client):
    other = client_of(alice)
    alice_client.post(reverse("account_delete"), {"password": "alice-password"})
    for page in (other.get(reverse("desk")), other.post(reverse("account_email"), {"email": "x@example.org"})):
        assert page.status_code == 403
        assert "This account is being deleted." in page.content.decode()
    right = client.post(reverse("login"), {"username": "alice", "password": "alice-password"})
    assert "This account is being deleted." in right.content.decode()
    wrong = client.post(reverse("login"), {"username": "alice", "password": "guess"})
    assert "This account is being deleted." not in wrong.content.decode()
    run_deletions()
    assert other.get(reverse("desk")).status_code == 302


def test_forms_that_were_open_do_not_open_a_closed_account(alice):
    stale = User.objects.get(pk=alice.pk)
    request_deletion(alice)
    with pytest.raises(Problem):
        set_address(stale, "x@example.org")
    form = NewPasswordForm(stale, {"new_password1": "another-one-1", "new_password2": "another-one-1"})
    assert form.is_valid()
    with pytest.raises(Problem):
        form.save()
    alice.refresh_from_db()
    assert (alice.is_active, alice.email) == (False, "alice@example.org")
    assert alice.check_password("alice-password")


@pytest.mark.parametrize(("chosen", "kept"), [("dark", "dark"), ("light", "light"), ("", ""), ("pink", "")])
def test_the_theme_is_stored_in_a_cookie(client, chosen, kept):
    answer = client.post(reverse("theme"), {"theme": chosen, "next": "/about/"})
    assert (answer.url, answer.cookies["theme"].value) == ("/about/", kept)
