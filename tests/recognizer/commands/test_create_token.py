import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from recognizer.models import ApiToken
from recognizer.services.people import tokens
from recognizer.services.people.tokens import find_token


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue().strip()


def test_the_secret_is_printed_once(alice: User) -> None:
    token = find_token(run("alice", "--name", "script", "--scope", "read"))
    assert token
    assert (token.user, token.name, token.scope, token.expires_at) == (alice, "script", "read", None)


def test_the_token_expires_after_the_given_days(alice: User) -> None:
    token = find_token(run("alice", "--days", "30"))
    assert token
    assert token.expires_at
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)


@pytest.mark.parametrize("days", ["0", "-1", "36501", "9999999999"])
def test_an_invalid_number_of_days_creates_no_token(alice: User, days: str) -> None:
    with pytest.raises(CommandError) as raised:
        run("alice", "--days", days)
    assert raised.value.returncode == 2
    assert not ApiToken.objects.exists()


def test_an_unknown_user_is_an_error(alice: User) -> None:
    with pytest.raises(CommandError, match="There is no user bob"):
        run("bob")


def test_a_deactivated_account_gets_no_token(alice: User) -> None:
    User.objects.update(is_active=False)
    with pytest.raises(CommandError, match="alice is deactivated"):
        run("alice")
    assert not ApiToken.objects.exists()


def test_a_token_beyond_the_limit_is_an_error(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_TOKENS", 1)
    run("alice")
    with pytest.raises(CommandError, match="Revoke one first"):
        run("alice")
