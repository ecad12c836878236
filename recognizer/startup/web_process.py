"""Start-up of a web process, before its first request."""

import ctypes
import gc
import sys

import numpy as np
from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured

from recognizer.problems import Problem
from recognizer.services.registry.model_versions import models
from recognizer.services.work import broker


def prepare_web_process() -> None:
    """Load the model and the Celery producer. In production, refuse to start with a wrong configuration."""
    if settings.PRODUCTION:
        errors = [message for message in run_checks() if message.level >= ERROR]
        if errors:
            raise ImproperlyConfigured("\n".join(str(message) for message in errors))
    broker.import_producer()
    try:
        # The engine creates its sessions on first use, which no request should have to wait for.
        models.active_model().reader.engine.classify(np.zeros((1, 28, 28), np.uint8))
    except Problem:
        if settings.PRODUCTION:
            raise
    release_memory()


def release_memory() -> None:
    """Return what the start used and no longer needs, and let the collector leave out what stays for ever."""
    gc.collect()
    gc.freeze()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):  # glibc: 5 MB
        libc.malloc_trim(0)
