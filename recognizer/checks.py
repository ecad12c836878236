"""Misconfiguration, said before it hurts: each check has an id and a hint. `manage.py check` runs them."""

import os
from pathlib import Path
from typing import Any

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
                f"The shipped model does not verify: {error}",
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
            f"Pictures cannot be kept: {root} is not writable.",
            hint="Set MEDIA_ROOT to a folder that the server may write to.",
            id="recognizer.E001",
        )
    ]


@register
def check_broker_named(**kwargs: Any) -> list[CheckMessage]:
    # Celery and the counters each know a name for a socket in a folder, and neither knows the other's.
    if settings.REDIS_URL.startswith(("redis://", "rediss://")):
        return []
    return [
        Error(
            "REDIS_URL does not name a Redis.",
            hint="Use redis://[:password@]host:port/number, or rediss:// where it is encrypted.",
            id="recognizer.E002",
        )
    ]


@register
def check_job_limits(**kwargs: Any) -> list[CheckMessage]:
    if settings.JOB_SOFT_LIMIT_SECONDS < settings.JOB_HARD_LIMIT_SECONDS:
        return []
    return [
        Error(
            "JOB_SOFT_LIMIT_SECONDS must be below JOB_HARD_LIMIT_SECONDS.",
            hint="A job needs the time between to write down why it stopped.",
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
            hint="Set PRODUCTION=1 where others than yourself use it: it insists on a secret key and HTTPS.",
            id="recognizer.W001",
        )
    ]


GOES_NOWHERE = {
    f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy", "filebased", "locmem")
}


@register(deploy=True)
def check_mail(**kwargs: Any) -> list[CheckMessage]:
    if settings.EMAIL_BACKEND not in GOES_NOWHERE:
        return []
    return [
        Warning(
            "Whoever forgot their password is promised an e-mail that nobody sends.",
            hint="Set EMAIL_HOST to a server that takes mail; try it with manage.py sendtestemail ADDRESS.",
            id="recognizer.W003",
        )
    ]
