"""What every web process does once, before its first request."""

import numpy as np
from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured

from recognizer.problems import Problem
from recognizer.services.registry.model_versions import models
from recognizer.services.work import broker


def prepare_web_process() -> None:
    """Load the model now rather than in somebody's request; in production, refuse what is misconfigured."""
    if settings.PRODUCTION:
        serious = [message for message in run_checks() if message.level >= ERROR]
        if serious:
            raise ImproperlyConfigured("\n".join(str(message) for message in serious))
    broker.warm_up()
    try:
        # The engine makes its sessions when it is first asked: better now than in somebody's request.
        models.active_model().reader.engine.classify(np.zeros((1, 28, 28), np.uint8))
    except Problem:
        if settings.PRODUCTION:
            raise
