"""`manage.py check` reports a wrong configuration with an id and a hint."""

import pytest
import redis
from django.core.checks import run_checks
from kombu import Connection

from config.settings import broker_url

MAIL = "django.core.mail.backends."


def check_ids() -> set[str]:
    found = [message for message in run_checks(include_deployment_checks=True) if message.id.startswith("recognizer")]
    assert all(message.hint for message in found)
    return {message.id for message in found}


@pytest.mark.parametrize("url", ["redis://:word@127.0.0.1:6379/0", "rediss://127.0.0.1:6379/0", "unix:///run/a.sock"])
def test_a_redis_address_that_all_clients_accept_is_accepted(settings, url):
    settings.REDIS_URL = url
    assert "recognizer.E002" not in check_ids()
    redis.Redis.from_url(url)
    assert Connection(broker_url(url)).transport.driver_type == "redis"


@pytest.mark.parametrize("url", ["redis+socket:///run/redis.sock", "127.0.0.1:6379"])
def test_a_redis_address_that_one_client_rejects_is_refused(settings, url):
    settings.REDIS_URL = url
    assert "recognizer.E002" in check_ids()


@pytest.mark.parametrize("backend", ["console", "dummy", "filebased", "locmem"])
def test_a_backend_that_sends_no_mail_is_reported(settings, backend):
    settings.EMAIL_BACKEND = f"{MAIL}{backend}.EmailBackend"
    assert "recognizer.W003" in check_ids()


def test_a_backend_that_sends_mail_is_not_reported(settings):
    settings.EMAIL_BACKEND = f"{MAIL}smtp.EmailBackend"
    assert "recognizer.W003" not in check_ids()


@pytest.mark.parametrize(
    ("bind", "proxies", "is_reported"),
    [("unix:/run/web.sock", 0, True), ("unix:/run/web.sock", 1, False), ("", 0, False), ("0.0.0.0:80", 0, False)],
)
def test_a_unix_socket_without_a_proxy_is_reported(settings, bind, proxies, is_reported):
    settings.BIND, settings.NUM_PROXIES = bind, proxies
    assert ("recognizer.W004" in check_ids()) is is_reported


@pytest.mark.parametrize(
    ("url", "is_reported"),
    [("http://localhost:8000", True), ("http://[::1]:8000", True), ("https://digits.example.org", False)],
)
def test_links_in_mails_that_only_this_machine_can_open_are_reported(settings, url, is_reported):
    settings.SITE_URL = url
    assert ("recognizer.W005" in check_ids()) is is_reported


@pytest.mark.parametrize(
    ("is_open", "gigabytes", "is_reported"), [(True, 50, True), (True, 1, False), (False, 50, False)]
)
def test_an_open_signup_with_a_large_quota_is_reported(settings, is_open, gigabytes, is_reported):
    settings.SIGNUP_OPEN, settings.QUOTA_BYTES = is_open, gigabytes * 1024**3
    assert ("recognizer.W006" in check_ids()) is is_reported
