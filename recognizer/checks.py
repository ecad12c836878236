"""System checks of the configuration, each with an id and a hint. `manage.py check` runs them."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

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


@register
def check_media_writable(**kwargs: Any) -> list[CheckMessage]:
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
    if settings.NUM_PROXIES or not settings.BIND.startswith("unix:"):
        return []
    return [
        Warning(
            "All requests seem to come from one address, which the limits per address count together.",
            hint="BIND is a unix socket, so set NUM_PROXIES to the number of proxies in front of it, such as 1.",
            id="recognizer.W004",
        )
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
