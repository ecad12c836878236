"""The security log: one line for each event, with the request and without any secret."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client
from django.urls import reverse

from recognizer.models import ApiToken, Batch, ExportLink
from recognizer.services import security_log, throttles
from recognizer.services.people import addresses
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.export_links import create_link
from recognizer.services.people.tokens import create_token, revoke_token, revoke_tokens
from recognizer.services.security_log import MAX_REFUSALS, Event, log_event, log_refusal
from tests.conftest import token_headers
from tests.deploy.page import PAGE
from tests.recognizer.deletions import run_deletions
from tests.recognizer.personal_exports import export_everything

pytestmark = pytest.mark.django_db(transaction=True)  # events are written after their commit

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def reset_counters() -> None:
    for counter in (security_log._refusals, throttles.local_counter):
        counter.windows.clear()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Return a function that returns the lines written since its last call."""
    records: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.getMessage())
    security_log.logger.addHandler(handler)

    def take() -> list[dict[str, Any]]:
        taken = [json.loads(record) for record in records]
        records.clear()
        return taken

    yield take
    security_log.logger.removeHandler(handler)


def events(lines: list[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in lines]


def log_in(client: Client, password: str, name: str = "alice"):
    return client.post(reverse("login"), {"username": name, "password": password})


def test_a_login_names_the_account_the_address_and_the_request(client, alice, lines):
    response = log_in(client, "alice-password")
    (line,) = [line for line in lines() if line["event"] == "logged_in"]
    assert (line["account"], line["by"], line["address"]) == (alice.pk, alice.pk, "127.0.0.1")
    assert line["request"] == response["X-Request-ID"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line["time"])


def test_a_failed_login_names_the_account_but_not_what_was_typed(client, alice, lines):
    for name in ("alice", "my-secret-password"):
        log_in(client, "my-secret-password", name)
    written = lines()
    assert [(line["event"], line["account"]) for line in written] == [
        ("login_failed", alice.pk),
        ("login_failed", None),
    ]
    assert "secret" not in json.dumps(written)


def test_logins_beyond_the_limit_are_one_line(client, alice, lines, settings):
    settings.LOGINS_PER_NAME = 2
    for _ in range(5):
        log_in(client, "wrong")
    assert events(lines()) == ["login_failed", "login_failed", "throttled"]


def test_requests_beyond_a_rate_are_one_line(client, alice, lines, settings):
    settings.API_REQUESTS_PER_USER = 2
    headers = token_headers(alice)
    lines()
    for _ in range(5):
        client.get("/api/v1/me/", headers=headers)
    (line,) = lines()
    assert (line["event"], line["account"], line["rate"], line["limit"]) == ("throttled", alice.pk, "user", 2)


def test_a_refused_token_is_a_line_without_the_token(client, lines):
    client.get("/api/v1/me/", headers={"Authorization": "Bearer dgs_stolen"})
    written = lines()
    assert events(written) == ["token_refused"]
    assert "stolen" not in json.dumps(written)


def test_tokens(alice, lines):
    token, secret = create_token(user=alice, name="private name", scope="read")
    revoke_token(token)
    revoke_token(token)
    written = lines()
    assert events(written) == ["token_created", "token_revoked"]
    assert {line["token"] for line in written} == {str(token.pk)}
    assert secret not in json.dumps(written)
    assert "private name" not in json.dumps(written)


def test_tokens_that_a_new_password_revokes_are_one_line_and_one_update(
    alice, bob, lines, django_assert_max_num_queries
):
    for user in (bob, *[alice] * 20):
        create_token(user=user, name="script")
    revoke_token(alice.api_tokens.order_by("created_at")[0])
    wanted = {str(pk) for pk in alice.api_tokens.filter(revoked_at=None).values_list("pk", flat=True)}
    lines()
    with django_assert_max_num_queries(4):
        revoke_tokens(alice)
    revoke_tokens(alice)
    (line,) = lines()
    assert (line["event"], line["account"], set(line["tokens"])) == ("token_revoked", alice.pk, wanted)
    assert list(ApiToken.objects.filter(revoked_at=None).values_list("user", flat=True)) == [bob.pk]


def test_passwords_emails_and_roles(alice, lines):
    alice.set_password("another-password")
    alice.email = "new@example.org"
    alice.is_staff = True
    alice.save()
    alice.groups.add(group := Group.objects.create(name="staff"))
    group.user_set.remove(alice)
    written = lines()
    assert events(written) == ["password_changed", "email_changed", "role_changed", "role_changed", "role_changed"]
    assert [line.get("is_staff") for line in written] == [None, None, True, None, None]
    assert written[3]["groups_add"] == written[4]["groups_remove"] == [group.pk]
    assert {line["account"] for line in written} == {alice.pk}
    assert "example.org" not in json.dumps(written)


def delete_by_api(client):
    return client.delete("/api/v1/me/", {"password": "guess"}, content_type="application/json")


WRONG_PASSWORDS: dict[str, Callable[[Client], object]] = {
    "deletion": lambda client: client.post(reverse("account_delete"), {"password": "guess"}),
    "deletion in the API": delete_by_api,
    "confirmation": lambda client: client.post("/account/confirm-password/", {"password": "guess"}),
    "change": lambda client: client.post(reverse("password_change"), {"old_password": "guess"}),
}


@pytest.mark.parametrize("name", WRONG_PASSWORDS)
def test_a_wrong_password_of_a_logged_in_person_is_a_line(alice, alice_client, lines, name):
    lines()
    WRONG_PASSWORDS[name](alice_client)
    (line,) = lines()
    assert (line["event"], line["account"], line["by"]) == ("password_refused", alice.pk, alice.pk)
    assert "guess" not in json.dumps(line)


def test_a_reset_is_a_line_without_the_address(client, alice, lines, settings):
    settings.MAILS_PER_ADDRESS = 1
    for _ in range(3):
        client.post(reverse("password_reset"), {"email": "alice@example.org"})
    written = lines()
    assert events(written) == ["reset_requested", "reset_requested", "throttled", "reset_requested"]
    assert "example.org" not in json.dumps(written)


def test_a_verified_address_is_a_line(alice, lines):
    addresses.set_address(alice, "new@example.org")
    lines()
    row = EmailAddress.objects.get(user=alice)
    addresses.verify_address(alice, EmailConfirmationHMAC(row).key)
    assert events(lines()) == ["email_verified"]


def test_an_unchanged_account_writes_no_line(alice, client, lines):
    User.objects.get(pk=alice.pk).save()
    client.force_login(alice)
    assert events(lines()) == ["logged_in"]


def test_the_staff_that_changes_a_role_is_named(admin, alice, admin_client, lines):
    values = {
        "username": "alice",
        "is_active": "on",
        "is_staff": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "10:00",
    }
    response = admin_client.post(reverse("admin:auth_user_change", args=[alice.pk]), values)
    assert response.status_code == 302
    line = next(line for line in lines() if line["event"] == "role_changed")
    assert (line["account"], line["by"], line["is_staff"]) == (alice.pk, admin.pk, True)


def test_new_accounts_and_deletions(alice, lines, settings):
    settings.JOB_LEASE_SECONDS = 0
    User.objects.create_superuser("root")
    request_deletion(alice)
    request_deletion(alice)
    run_deletions()
    written = lines()
    assert [(line["event"], line.get("is_superuser")) for line in written] == [
        ("account_created", True),
        ("deletion_requested", None),
        ("deletion_finished", None),
    ]


def test_the_staff_that_sees_a_picture_is_named(alice, admin, admin_client, add_prediction, lines):
    upload = add_prediction("7", owner=alice).upload
    lines()
    admin_client.get(reverse("admin:upload_picture", args=[upload.pk]))
    (line,) = lines()
    assert (line["event"], line["account"], line["by"]) == ("staff_saw_picture", alice.pk, admin.pk)
    assert str(upload.pk) in line["picture"]


def test_an_exported_history_is_a_line(alice_client, add_prediction, lines):
    add_prediction("7")
    alice_client.post(reverse("history_bulk"), {"action": "csv", "all": "1", "query": ""})
    assert events(lines())[-1] == "history_exported"


def test_a_request_for_the_headers_of_results_is_no_export(alice, client, alice_client, lines):
    batch = Batch.objects.create(owner=alice)
    secret = create_link(batch)[1]
    token = token_headers(alice)
    lines()
    answers = [
        alice_client.head(reverse("batch_csv", args=[batch.pk])),
        client.head(reverse("export_link_csv", args=[secret])),
        client.head(f"/api/v1/batches/{batch.pk}/results.csv", headers=token),
    ]
    assert {(answer.status_code, answer["Content-Type"]) for answer in answers} == {(200, "text/csv; charset=utf-8")}
    assert lines() == []


def test_the_results_of_a_batch_are_a_line_whoever_downloads_them(alice, client, alice_client, lines):
    batch = Batch.objects.create(owner=alice)
    link, secret = create_link(batch)
    token = token_headers(alice)
    lines()
    alice_client.get(reverse("batch_jsonl", args=[batch.pk])).close()  # a download that is not ended holds a slot
    client.get(reverse("export_link_csv", args=[secret])).close()
    for name in ("results.csv", "results.jsonl"):
        client.get(f"/api/v1/batches/{batch.pk}/{name}", headers=token).close()
    written = lines()
    assert {line["event"] for line in written} == {"history_exported"}
    assert [(line["account"], line["by"], line["format"], line.get("link")) for line in written] == [
        (alice.pk, alice.pk, "jsonl", None),
        (alice.pk, None, "csv", str(link.pk)),
        (alice.pk, alice.pk, "csv", None),
        (alice.pk, alice.pk, "jsonl", None),
    ]


@pytest.mark.parametrize("start", [0, 1])
def test_every_download_of_an_account_is_a_line(alice, alice_client, lines, start):
    export_everything(alice)
    lines()
    url = reverse("account_export_file")
    headers = {"Range": f"bytes={start}-"} if start else {}
    alice_client.head(url, headers=headers)
    assert lines() == []
    alice_client.get(url, headers=headers).close()
    (line,) = lines()
    assert (line["event"], line["account"], line["start"]) == ("export_fetched", alice.pk, start)


def test_a_token_that_the_staff_deletes_is_a_line(alice, admin, admin_client, lines):
    one, another = (create_token(user=alice, name=name)[0] for name in ("one", "another"))
    lines()
    admin_client.post(reverse("admin:recognizer_apitoken_delete", args=[one.pk]), {"post": "yes"})
    form = {"action": "delete_selected", ACTION_CHECKBOX_NAME: [another.pk], "post": "yes"}
    admin_client.post(reverse("admin:recognizer_apitoken_changelist"), form)
    written = [(line["event"], line["account"], line["by"], line["token"]) for line in lines()]
    assert written == [("token_revoked", alice.pk, admin.pk, str(token.pk)) for token in (one, another)]
    assert not ApiToken.objects.exists()


def test_an_event_that_is_rolled_back_is_not_written(alice, lines):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log_event(Event.TOKEN_CREATED, account=alice.pk)
        raise ZeroDivisionError
    assert lines() == []


def test_refusals_of_one_address_are_limited(lines):
    for _ in range(3 * MAX_REFUSALS):
        log_refusal(Event.TOKEN_REFUSED)
    written = lines()
    assert len(written) == MAX_REFUSALS
    assert "left out" in written[-1]["note"]


def test_a_log_that_cannot_be_written_stops_nothing(client, alice, tmp_path, monkeypatch):
    handler = logging.handlers.WatchedFileHandler(tmp_path / "missing" / "log", delay=True)
    monkeypatch.setattr(security_log.logger, "handlers", [handler])
    assert log_in(client, "wrong").status_code == 200


def test_the_file_is_opened_again_after_it_was_moved(alice, tmp_path, monkeypatch):
    file = tmp_path / "security.log"
    handler = logging.handlers.WatchedFileHandler(file, delay=True)
    monkeypatch.setattr(security_log.logger, "handlers", [handler])
    log_refusal(Event.TOKEN_REFUSED)
    file.rename(tmp_path / "security.log.1")
    log_refusal(Event.TOKEN_REFUSED)
    handler.close()
    assert json.loads(file.read_text())["event"] == "token_refused"


def test_every_event_is_documented():
    table = PAGE[PAGE.index("## Security log") : PAGE.index("## Redis")]
    documented = {
        name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert documented == {event.value for event in Event}


def test_an_export_link_that_the_staff_deletes_is_logged(lines, admin_client, alice):
    link, _secret = create_link(Batch.objects.create(owner=alice, name="Monday"))
    lines()
    admin_client.post(reverse("admin:recognizer_exportlink_delete", args=[link.pk]), {"post": "yes"})
    assert not ExportLink.objects.exists()
    assert events(lines()) == ["link_revoked"]
