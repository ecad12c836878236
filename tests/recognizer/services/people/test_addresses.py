"""Addresses that several requests change at once."""

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC

from recognizer.problems import Problem
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.addresses import AddressTaken, send_verification, set_address, verify_address
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


def key_for(user, email: str) -> str:
    return EmailConfirmationHMAC.create(EmailAddress.objects.create(user=user, email=email)).key


def test_one_of_two_accounts_that_verify_an_address_at_once_gets_it(alice, bob):
    keys = [key_for(user, "both@example.org") for user in (alice, bob)]
    outcomes = []

    def verify_bobs() -> None:
        try:
            outcomes.append(verify_address(bob, keys[1]))
        except AddressTaken:
            outcomes.append("taken")

    with meanwhile(verify_bobs):
        verify_address(alice, keys[0])
    assert outcomes == ["taken"]
    assert [row.user for row in EmailAddress.objects.filter(verified=True)] == [alice]
    bob.refresh_from_db()
    assert bob.email == "bob@example.org"


def test_two_changes_at_once_leave_the_later_address(alice):
    with meanwhile(lambda: set_address(alice, "second@example.org")):
        set_address(alice, "first@example.org")
    alice.refresh_from_db()
    assert alice.email == "second@example.org"
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["second@example.org"]


def test_two_clicks_on_a_link_verify_it_once(alice):
    key = key_for(alice, "new@example.org")
    errors = []

    def click() -> None:
        try:
            verify_address(alice, key)
        except Exception as error:  # noqa: BLE001  (compared below)
            errors.append(type(error).__name__)

    with meanwhile(click):
        verify_address(alice, key)
    assert errors == ["InvalidLink"]
    assert EmailAddress.objects.get().verified


@pytest.mark.parametrize("change", [lambda user: set_address(user, "x@example.org"), send_verification])
def test_an_account_under_deletion_changes_no_address(alice, change):
    request_deletion(alice)
    with pytest.raises(Problem) as refused:
        change(alice)
    assert refused.value.code == "account_deletion"
    assert not EmailAddress.objects.exists()
