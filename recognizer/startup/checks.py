"""System checks of the configuration, each with an id and a hint. `manage.py check` runs them."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.files.base import ContentFile
from django.utils.module_loading import import_string

from mlcore.artifact import SHIPPED, ArtifactError, load_artifact


@register
def check_shipped_model(**kwargs: Any) -> list[CheckMessage]:
    try:
        load_artifact(SHIPPED)
    except ArtifactError as error:
        return [
            Warning(
                f"The shipped model is damaged: {error}",
                hint="Restore mlcore/artifacts from the repository, or train one with manage.py train_model.",
                id="recognizer.W002",
            )
        ]
    return []


def media_aliases() -> set[str]:
    """Return the aliases of the storages in which media are, in STORAGES."""
    return {settings.MEDIA_STORAGE, settings.MEDIA_MOVED_FROM} & set(settings.MEDIA_STORAGES)


@register
def check_media_writable(**kwargs: Any) -> list[CheckMessage]:
    if media_aliases() == {"s3"}:
        return []
    root = Path(settings.MEDIA_ROOT)
    existing = next(path for path in (root, *root.parents) if path.exists())
    if os.access(existing, os.W_OK):
        return []
    return [
        Error(
            f"Pictures cannot be stored: {root} is not writable.",
            hint="Set MEDIA_ROOT to a folder that the server may write to.",
            id="recognizer.E001",
        )
    ]


@register
def check_media_storage(**kwargs: Any) -> list[CheckMessage]:
    name = settings.STORAGES["default"]["BACKEND"]
    try:
        import_string(name)
    except ImportError as error:
        return [
            Error(
                f"Pictures cannot be stored: {error}.",
                hint="Set MEDIA_STORAGE to disk, s3 or an installed storage class.",
                id="recognizer.E008",
            )
        ]
    return []


@register
def check_object_store(**kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the settings of the object store, without asking it."""
    if "s3" not in media_aliases():
        return []
    options = settings.STORAGES["s3"]["OPTIONS"]
    faults = []
    if not options["bucket_name"]:
        faults.append("S3_BUCKET is empty")
    if bool(options["access_key"]) != bool(options["secret_key"]):
        faults.append("only one of S3_ACCESS_KEY and S3_SECRET_KEY is set")
    endpoint = urlsplit(options["endpoint_url"] or "https://s3.amazonaws.com")
    if endpoint.scheme not in ("http", "https") or not endpoint.hostname:
        faults.append("S3_ENDPOINT is not an address such as https://minio.example.org")
    return [
        Error(
            f"Pictures cannot be stored in the object store: {fault}.",
            hint="Correct the settings S3_…, or set MEDIA_STORAGE=disk.",
            id="recognizer.E005",
        )
        for fault in faults
    ]


HINTS_OF_STORE = {
    "NoSuchBucket": "Create the bucket, or correct S3_BUCKET.",
    "InvalidAccessKeyId": "Correct S3_ACCESS_KEY.",
    "SignatureDoesNotMatch": "Correct S3_SECRET_KEY, or S3_REGION.",
    "AuthorizationHeaderMalformed": "Correct S3_REGION.",
    "AccessDenied": "Allow this key to list the bucket, and to read, write and delete its objects.",
}


@register(deploy=True)
def check_bucket(**kwargs: Any) -> list[CheckMessage]:
    """Write, list, read and delete an object in the bucket, and try to read it without a key."""
    if "s3" not in media_aliases() or check_object_store():
        return []
    from recognizer.storage.object_store import ObjectStorage, error_code  # loads boto3, which nobody else needs

    store, name = ObjectStorage(**settings.STORAGES["s3"]["OPTIONS"]), f"probes/{uuid4().hex}"
    try:
        store.save(name, ContentFile(b"probe"))
        try:
            works = name in store.list_tree("probes") and store.open(name).read() == b"probe"
            is_public = store.is_public(name)
        finally:
            store.delete(name)
        keeps_deleted = store.keeps_deleted(name)
    except OSError as error:
        return [
            Error(
                f"Pictures cannot be stored in the object store: {error.strerror}.",
                hint=HINTS_OF_STORE.get(error_code(error.__cause__), "Look whether S3_ENDPOINT is right and answers."),
                id="recognizer.E006",
            )
        ]
    found: list[CheckMessage] = []
    if not works:
        found.append(
            Error(
                "The object store does not return what was written into it.",
                hint="Look into the log of the object store.",
                id="recognizer.E006",
            )
        )
    if is_public:
        found.append(
            Error(
                "Everybody can read the files in the bucket.",
                hint="Make the bucket private: Digitscribe passes files on to their owners itself.",
                id="recognizer.E007",
            )
        )
    if keeps_deleted:
        found.append(
            Warning(
                "The bucket keeps the content of deleted files.",
                hint="Switch its versioning off, or look whether a rule removes noncurrent versions after a day.",
                id="recognizer.W009",
            )
        )
    return found


@register
def check_security_log(**kwargs: Any) -> list[CheckMessage]:
    file = Path(settings.SECURITY_LOG_FILE)
    if not settings.SECURITY_LOG_FILE or os.access(file if file.exists() else file.parent, os.W_OK):
        return []
    return [
        Error(
            f"The security log cannot be written: {file} is not writable.",
            hint="Set SECURITY_LOG_FILE to a file in an existing folder that the server may write to.",
            id="recognizer.E004",
        )
    ]


@register
def check_broker_named(**kwargs: Any) -> list[CheckMessage]:
    if settings.REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
        return []
    return [
        Error(
            "REDIS_URL is not the address of a Redis server.",
            hint="Use redis://[:password@]host:port/number, rediss:// for an encrypted connection, or unix:///path.",
            id="recognizer.E002",
        )
    ]


@register
def check_proxies(**kwargs: Any) -> list[CheckMessage]:
    if settings.NUM_PROXIES:
        return []
    if settings.BIND.startswith("unix:"):
        reason = "BIND is a unix socket"
    elif settings.SECURE_PROXY_SSL_HEADER:
        reason = "BEHIND_PROXY is on, which is the default with HTTPS"
    else:
        return []
    return [
        Warning(
            "All requests seem to come from one address, which the limits per address count together.",
            hint=f"{reason}, so set NUM_PROXIES to the number of proxies in front of the server, such as 1.",
            id="recognizer.W004",
        )
    ]


@register
def check_setting_names(**kwargs: Any) -> list[CheckMessage]:
    return [
        Warning(
            f"{name} in the file of the settings is not a setting of Digitscribe.",
            hint="Correct it by .env.example, or remove it if nothing else reads it.",
            id="recognizer.W010",
        )
        for name in settings.UNKNOWN_SETTINGS
    ]


@register
def check_job_limits(**kwargs: Any) -> list[CheckMessage]:
    if settings.JOB_SOFT_LIMIT_SECONDS < settings.JOB_HARD_LIMIT_SECONDS:
        return []
    return [
        Error(
            "JOB_SOFT_LIMIT_SECONDS must be below JOB_HARD_LIMIT_SECONDS.",
            hint="A job needs the time between the two limits to record why it stopped.",
            id="recognizer.E003",
        )
    ]


@register(deploy=True)
def check_production(**kwargs: Any) -> list[CheckMessage]:
    if settings.PRODUCTION:
        return []
    return [
        Warning(
            "PRODUCTION is off.",
            hint="Set PRODUCTION=1 if other people use this server. It requires a secret key and HTTPS.",
            id="recognizer.W001",
        )
    ]


MAX_OPEN_QUOTA_BYTES = 5 * 1024**3


@register(deploy=True)
def check_open_signup(**kwargs: Any) -> list[CheckMessage]:
    if not settings.SIGNUP_OPEN or settings.QUOTA_BYTES <= MAX_OPEN_QUOTA_BYTES:
        return []
    return [
        Warning(
            f"Anybody may create accounts, each of which may store {settings.QUOTA_BYTES / 1024**3:.0f} GB.",
            hint="Set SIGNUP_OPEN=no, or lower QUOTA_PICTURES and QUOTA_BYTES.",
            id="recognizer.W006",
        )
    ]


NON_SENDING_BACKENDS = {
    f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy", "filebased", "locmem")
}


@register(deploy=True)
def check_mail(**kwargs: Any) -> list[CheckMessage]:
    if settings.EMAIL_BACKEND not in NON_SENDING_BACKENDS:
        return []
    return [
        Warning(
            "E-mails are not sent, so no address is verified and no password is reset by mail.",
            hint="Set EMAIL_HOST to a mail server. Test it with manage.py sendtestemail ADDRESS.",
            id="recognizer.W003",
        )
    ]


@register(deploy=True)
def check_site_url(**kwargs: Any) -> list[CheckMessage]:
    if urlsplit(settings.SITE_URL).hostname not in ("localhost", "127.0.0.1", "::1"):
        return []
    return [
        Warning(
            f"Links in e-mails lead to {settings.SITE_URL}, which only this machine can open.",
            hint="Set SITE_URL to the address of this installation, such as https://digits.example.org.",
            id="recognizer.W005",
        )
    ]
