"""E-mail addresses and forgotten passwords: who gets which mail, and what its link does."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail, signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from recognizer.models import ApiToken, Job, Notice, OutgoingMail
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.tokens import create_token
from recognizer.words.notices import EMAIL_CHANGED
from tests.conftest import client_of
from tests.recognizer.mails import add_verified_address, run_mail_jobs, sent_link, sent_mails

pytestmark = pytest.mark.django_db

ALICE = "alice@example.org"
NEXT = {"new_password1": "another-long-one", "new_password2": "another-long-one"}
RESET, CHANGED = "Reset your Digitscribe password", "Your password was changed"
VERIFY, MOVED = "Verify your email address for Digitscribe", "Your Digitscribe email address was changed"


@pytest.fixture(autouse=True)
def empty_attempt_counters(monkeypatch):
    from recognizer.services import throttles

    monkeypatch.setattr(throttles, "local_counter", throttles.LocalCounter())


def ask_for_reset(client: Client, email: str = ALICE):
    return client.post(reverse("password_reset"), {"email": email})


def choose_password(client: Client, link: str, **fields: str):
    page = client.get(link, follow=True)
    return client.post(page.request["PATH_INFO"], NEXT | fields)


# --- Forgotten passwords ----------------------------------------------------------------------------------------


def test_a_forgotten_password_is_reset_by_email(client, alice):
    add_verified_address(alice)
    ask_for_reset(client, "Alice@Example.org")
    assert mail.outbox == []
    assert choose_password(client, sent_link()).url == reverse("password_reset_complete")
    alice.refresh_from_db()
    assert alice.check_password("another-long-one")
    assert sent_mails() == [(ALICE, RESET), (ALICE, CHANGED)]


def test_thirty_accounts_with_an_address_that_is_not_theirs_send_nothing(client):
    for number in range(30):
        user = User.objects.create_user(f"user{number}", "victim@example.org", "a-long-password")
        EmailAddress.objects.create(user=user, email="victim@example.org")
    ask_for_reset(client, "victim@example.org")
    assert sent_mails() == []


def test_only_the_account_that_verified_the_address_gets_a_link(client, alice, bob):
    add_verified_address(alice)
    EmailAddress.objects.create(user=bob, email=ALICE)
    User.objects.filter(pk=bob.pk).update(email=ALICE)
    ask_for_reset(client)
    assert sent_mails() == [(ALICE, RESET)]


def test_the_mail_holds_nothing_of_the_account(client, alice):
    User.objects.filter(pk=alice.pk).update(username="evil.example.org", first_name="evil.example.org")
    add_verified_address(alice)
    client.post(reverse("password_reset"), {"email": ALICE}, headers={"host": "localhost"})
    sent_link()
    assert "evil" not in mail.outbox[0].body + mail.outbox[0].subject


def test_the_link_never_comes_from_the_request(client, alice, settings):
    settings.ALLOWED_HOSTS = ["*"]
    add_verified_address(alice)
    client.post(reverse("password_reset"), {"email": ALICE}, headers={"host": "evil.example.org"})
    sent_link()
    assert "evil" not in mail.outbox[0].body


def test_a_known_and_an_unknown_address_cause_the_same_work(client, alice):
    add_verified_address(alice)
    ask_for_reset(client, "first@example.org")  # imports and caches
    answers = []
    for email in (ALICE, "nobody@example.org"):
        with CaptureQueriesContext(connection) as queries:
            answer = ask_for_reset(client, email)
        statements = [query["sql"].split(" VALUES")[0] for query in queries if "SAVEPOINT" not in query["sql"]]
        answers.append((answer.status_code, answer.url, statements))
    assert answers[0] == answers[1]
    assert Job.objects.filter(kind=Job.Kind.MAIL).count() == 3
    assert sent_mails() == [(ALICE, RESET)]


def test_mails_to_one_address_are_limited_wherever_they_are_asked_for(client, alice, settings):
    add_verified_address(alice)
    settings.MAILS_PER_ADDRESS = 2
    for number, spelled in enumerate((ALICE, "ALICE@example.org", " alice@example.org")):
        answer = client.post(reverse("password_reset"), {"email": spelled}, REMOTE_ADDR=f"198.51.100.{number}")
        assert answer.url == reverse("password_reset_done")
    assert sent_mails() == [(ALICE, RESET), (ALICE, RESET)]


def test_a_link_works_once(client, alice):
    add_verified_address(alice)
    ask_for_reset(client)
    link = sent_link()
    choose_password(client, link)
    assert "This link has expired or was already used" in client.get(link, follow=True).content.decode()


def test_a_link_works_for_an_hour(client, alice, settings):
    assert settings.PASSWORD_RESET_TIMEOUT == 3600
    add_verified_address(alice)
    ask_for_reset(client)
    link = sent_link()
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "This link has expired or was already used" in client.get(link, follow=True).content.decode()


def test_a_mail_that_could_not_be_sent_within_the_hour_is_dropped(client, alice):
    add_verified_address(alice)
    ask_for_reset(client)
    assert OutgoingMail.objects.get().expires_at < timezone.now() + timedelta(hours=1)


def test_a_link_ends_with_the_address_that_it_was_sent_to(client, alice):
    add_verified_address(alice)
    ask_for_reset(client)
    link = sent_link()
    client_of(alice).post(reverse("account_email"), {"email": ""})
    assert "This link has expired or was already used" in client.get(link, follow=True).content.decode()


@pytest.mark.parametrize("closed", [request_deletion, lambda user: User.objects.update(is_active=False)])
def test_a_closed_account_gets_no_link(client, alice, closed):
    add_verified_address(alice)
    closed(alice)
    ask_for_reset(client)
    assert sent_mails() == []


# --- Verifying addresses ----------------------------------------------------------------------------------------


def test_signing_up_with_an_address_sends_the_link_that_verifies_it(client):
    password = "a-long-password-of-dora"
    client.post(
        reverse("signup"),
        {"username": "dora", "password1": password, "password2": password, "email": "Dora@example.org"},
    )
    assert "We have sent an email to dora@example.org." in client.get(reverse("desk")).content.decode()
    assert "dora@example.org is not verified" in client.get(reverse("account")).content.decode()
    link = sent_link()
    assert EmailAddress.objects.get().verified is False
    page = client.get(link).content.decode()
    assert "Use dora@example.org for the account dora?" in page
    assert EmailAddress.objects.get().verified is False
    assert "dora@example.org is verified." in client.post(link, follow=True).content.decode()
    assert EmailAddress.objects.get().verified is True
    assert sent_mails() == [("dora@example.org", VERIFY)]


def test_saving_the_same_address_twice_keeps_the_first_link(alice, alice_client):
    alice_client.post(reverse("account_email"), {"email": "new@example.org"})
    link = sent_link()
    alice_client.post(reverse("account_email"), {"email": "new@example.org"})
    assert alice_client.post(link).status_code == 302
    assert EmailAddress.objects.get().verified


def test_a_link_verifies_once(alice, alice_client):
    alice_client.post(reverse("account_email_send"))
    link = sent_link()
    assert alice_client.post(link).status_code == 302
    assert alice_client.post(link).status_code == 404


def test_a_link_verifies_nothing_for_another_account(alice, alice_client, bob_client):
    alice_client.post(reverse("account_email_send"))
    link = sent_link()
    assert bob_client.get(link).status_code == bob_client.post(link).status_code == 404
    assert "/login/" in Client().post(link).url
    assert not EmailAddress.objects.filter(verified=True).exists()


def test_an_old_link_verifies_nothing(alice_client, monkeypatch, settings):
    alice_client.post(reverse("account_email_send"))
    link = sent_link()
    assert settings.ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS * 24 == 1
    monkeypatch.setattr(signing.time, "time", lambda: timezone.now().timestamp() + 3601)
    assert alice_client.get(link).status_code == 404


def test_an_account_from_before_verifies_its_address(alice, alice_client):
    assert not EmailAddress.objects.exists()
    assert "alice@example.org is not verified" in alice_client.get(reverse("account")).content.decode()
    alice_client.post(reverse("account_email_send"))
    alice_client.post(sent_link())
    assert EmailAddress.objects.get(user=alice, verified=True).email == ALICE


def test_a_new_address_replaces_a_verified_one_when_it_is_verified_and_the_old_one_is_told(alice, alice_client):
    add_verified_address(alice)
    alice_client.post(reverse("account_email"), {"email": "new@example.org"})
    alice.refresh_from_db()
    assert alice.email == ALICE
    link = sent_link()
    assert sent_mails() == [("new@example.org", VERIFY)]
    alice_client.post(link)
    alice.refresh_from_db()
    assert alice.email == "new@example.org"
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("new@example.org", True)]
    assert sent_mails() == [(ALICE, MOVED)]
    assert list(Notice.objects.values_list("owner", "kind")) == [(alice.pk, EMAIL_CHANGED)]


def test_removing_a_verified_address_is_told_to_it(alice, alice_client):
    add_verified_address(alice)
    alice_client.post(reverse("account_email"), {"email": ""})
    alice.refresh_from_db()
    assert (alice.email, EmailAddress.objects.count()) == ("", 0)
    assert sent_mails() == [(ALICE, MOVED)]


def test_entering_the_verified_address_again_changes_nothing(alice, alice_client):
    add_verified_address(alice)
    alice_client.post(reverse("account_email"), {"email": "new@example.org"})
    alice_client.post(reverse("account_email"), {"email": "ALICE@example.org"})
    assert list(EmailAddress.objects.values_list("email", "verified")) == [(ALICE, True)]
    assert sent_mails() == []


def test_an_address_is_verified_by_one_account_only(alice, alice_client, bob, bob_client):
    bob_client.post(reverse("account_email"), {"email": ALICE})
    bobs_link = sent_link()
    alice_client.post(reverse("account_email_send"))
    alice_client.post(sent_link())
    page = bob_client.post(bobs_link, follow=True).content.decode()
    assert "Another account uses this email address." in page
    assert EmailAddress.objects.get(verified=True).user == alice


def test_verification_mails_to_one_address_are_limited(alice, alice_client, settings):
    settings.MAILS_PER_ADDRESS = 2
    pages = [alice_client.post(reverse("account_email_send"), follow=True).content.decode() for _ in range(3)]
    assert ["No email was sent" in page for page in pages] == [False, False, True]
    assert len(sent_mails()) == 2


def test_an_invalid_address_is_refused(alice_client):
    assert alice_client.post(reverse("account_email"), {"email": "none"}).status_code == 400


# --- What a new password ends ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kept", "left"), [({}, 0), ({"keep_tokens": "on"}, 1)])
def test_a_new_password_ends_other_sessions_and_revokes_tokens_unless_they_are_kept(alice, alice_client, kept, left):
    add_verified_address(alice)
    other = client_of(alice)
    create_token(user=alice, name="script")
    alice_client.post(reverse("password_change"), NEXT | {"old_password": "alice-password"} | kept)
    assert alice_client.get(reverse("desk")).status_code == 200
    assert other.get(reverse("desk")).status_code == 302
    assert ApiToken.objects.filter(revoked_at=None).count() == left
    assert sent_mails() == [(ALICE, CHANGED)]


@pytest.mark.parametrize(("kept", "left"), [({}, 0), ({"keep_tokens": "on"}, 1)])
def test_a_reset_ends_all_sessions_and_revokes_tokens_unless_they_are_kept(client, alice, alice_client, kept, left):
    add_verified_address(alice)
    create_token(user=alice, name="script")
    ask_for_reset(client)
    choose_password(client, sent_link(), **kept)
    assert alice_client.get(reverse("desk")).status_code == 302
    assert ApiToken.objects.filter(revoked_at=None).count() == left


def test_a_mail_leaves_no_address_in_the_jobs(client, alice):
    ask_for_reset(client)
    run_mail_jobs()
    assert ALICE not in str(list(Job.objects.values()))
    assert not OutgoingMail.objects.exists()
