"""Passwords that stand apart from the addresses that they belong to."""

import pytest

from config.addresses import with_password
from config.settings import database


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://redis:6379/0", "redis://:a%2Fb%40c@redis:6379/0"),
        ("redis://user@redis:6379/0", "redis://user:a%2Fb%40c@redis:6379/0"),
        ("redis://user:old@redis:6379/0", "redis://user:a%2Fb%40c@redis:6379/0"),
        ("unix://user@/run/redis.sock", "unix://user:a%2Fb%40c@/run/redis.sock"),
    ],
)
def test_a_password_is_added_to_an_address(url: str, expected: str):
    assert with_password(url, "a/b@c") == expected
    assert with_password(url, "") == url


def test_the_password_of_the_database_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path):
    (tmp_path / "password").write_text("a/b@c\n")
    monkeypatch.setenv("DATABASE_URL", "postgres://digitscribe@postgres:5432/digitscribe")
    assert database(default="")["PASSWORD"] == ""
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    assert database(default="")["PASSWORD"] == "a/b@c"
