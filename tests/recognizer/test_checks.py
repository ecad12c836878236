"""What is misconfigured is said by `manage.py check`, with an id and a hint."""

import pytest
import redis
from django.core.checks import run_checks
from kombu import Connection

MAIL = "django.core.mail.backends."


def complaints() -> set[str]:
    found = [message for message in run_checks(include_deployment_checks=True) if message.id.startswith("recognizer")]
    assert all(message.hint for message in found)
    return {message.id for message in found}


@pytest.mark.parametrize("url", ["redis://:word@127.0.0.1:6379/0", "rediss://127.0.0.1:6379/0"])
def test_a_redis_that_counters_and_celery_reach_is_accepted(settings, url):
    settings.REDIS_URL = url
    assert "recognizer.E002" not in complaints()
    redis.Redis.from_url(url)
    assert Connection(url).transport.driver_type == "redis"


@pytest.mark.parametrize("url", ["redis+socket:///run/redis.sock", "unix:///run/redis.sock", "127.0.0.1:6379"])
def test_a_redis_that_one_of_them_cannot_reach_is_refused(settings, url):
    settings.REDIS_URL = url
    assert "recognizer.E002" in complaints()


@pytest.mark.parametrize("backend", ["console", "dummy", "filebased", "locmem"])
def test_mail_that_goes_nowhere_is_said(settings, backend):
    settings.EMAIL_BACKEND = f"{MAIL}{backend}.EmailBackend"
    assert "recognizer.W003" in complaints()


def test_mail_that_goes_somewhere_is_not(settings):
    settings.EMAIL_BACKEND = f"{MAIL}smtp.EmailBackend"
    assert "recognizer.W003" not in complaints()
