"""`manage.py check` reports a wrong configuration with an id and a hint."""

import pytest
import redis
from django.core.checks import run_checks
from kombu import Connection

from config.settings import broker_url
from recognizer.startup.checks import check_bucket, check_object_store
from tests.servers.object_store import BUCKET

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


@pytest.mark.parametrize(("proxies", "is_reported"), [(0, True), (1, False)])
def test_a_trusted_proxy_that_is_not_counted_is_reported(settings, proxies, is_reported):
    settings.NUM_PROXIES, settings.SECURE_PROXY_SSL_HEADER = proxies, ("HTTP_X_FORWARDED_PROTO", "https")
    assert ("recognizer.W004" in check_ids()) is is_reported


@pytest.mark.parametrize(
    ("backend", "is_reported"),
    [
        ("recognizer.storage.Missing", True),
        ("missing.Storage", True),
        ("recognizer.storage.disk.AtomicFileSystemStorage", False),
    ],
)
def test_a_storage_class_that_does_not_exist_is_reported(settings, backend, is_reported):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": backend}}
    assert ("recognizer.E008" in check_ids()) is is_reported


def test_a_name_in_the_file_that_is_no_setting_is_reported(settings):
    assert "recognizer.W010" not in check_ids()
    settings.UNKNOWN_SETTINGS = ["SECRET_KYE"]
    assert "recognizer.W010" in check_ids()


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


STORE = {
    "bucket_name": "digits",
    "access_key": "key",
    "secret_key": "secret",
    "endpoint_url": "https://minio.example.org",
}


@pytest.mark.parametrize(
    ("options", "is_reported"),
    [
        ({}, False),
        ({"endpoint_url": None}, False),
        ({"access_key": None, "secret_key": None}, False),
        ({"bucket_name": ""}, True),
        ({"secret_key": None}, True),
        ({"endpoint_url": "minio:9000"}, True),
    ],
)
def test_settings_of_the_object_store_that_cannot_work_are_reported(settings, options, is_reported):
    s3 = {"BACKEND": "recognizer.storage.object_store.ObjectStorage", "OPTIONS": STORE | options}
    settings.STORAGES = {**settings.STORAGES, "s3": s3}
    assert check_object_store() == []
    settings.MEDIA_STORAGE = "s3"
    assert bool(check_object_store()) is is_reported


def test_a_private_bucket_is_accepted(media_in_store):
    assert check_bucket() == []
    assert media_in_store.names() == set()


def test_a_bucket_that_everybody_can_read_is_reported(media_in_store):
    media_in_store.publish()
    assert [message.id for message in check_bucket()] == ["recognizer.E007"]


def test_a_bucket_that_keeps_deleted_files_is_reported(media_in_store):
    media_in_store.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    assert [message.id for message in check_bucket()] == ["recognizer.W009"]


def test_a_missing_bucket_and_a_store_that_is_down_are_reported(media_in_store, settings):
    s3 = settings.STORAGES["s3"]
    settings.STORAGES = {**settings.STORAGES, "s3": {**s3, "OPTIONS": s3["OPTIONS"] | {"bucket_name": "another"}}}
    (message,) = check_bucket()
    assert (message.id, message.hint) == ("recognizer.E006", "Create the bucket, or correct S3_BUCKET.")
    media_in_store.proxy.shut()
    (message,) = check_bucket()
    assert (message.id, message.hint) == ("recognizer.E006", "Look whether S3_ENDPOINT is right and answers.")
