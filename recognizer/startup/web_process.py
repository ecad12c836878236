"""Start-up of a web process, before its first request."""

import ctypes
import gc
import logging
import sys
from contextlib import suppress

import numpy as np
from django.core.checks import ERROR, run_checks
from django.db import DatabaseError

from recognizer.problems import Problem
from recognizer.services.registry.model_versions import models
from recognizer.services.work import broker

logger = logging.getLogger(__name__)


def prepare_web_process() -> None:
    """Load the model and the Celery producer. Start without a model during an outage: `/readyz` tells what is missing.

    gunicorn ends the whole server, with the processes that work, if one process does not start.
    """
    broker.import_producer()
    try:
        # The engine creates its sessions on first use, which no request should have to wait for.
        models.active_model().reader.engine.classify(np.zeros((1, 28, 28), np.uint8))
    except (Problem, DatabaseError):
        logger.exception("No model is available; pictures cannot be read until there is one")
    release_memory()


def find_start_faults() -> list[str]:
    """Return why the web server must not start in production. An outage of the database is no reason: it passes."""
    faults = [str(message) for message in run_checks() if message.level >= ERROR]
    with suppress(DatabaseError):
        try:
            models.active_model()
        except Problem as problem:
            faults.append(f"{problem.code}: {problem.detail}")
    return faults


def release_memory() -> None:
    """Return what the start used and no longer needs, and let the collector leave out what stays for ever."""
    gc.collect()
    gc.freeze()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):  # glibc: 5 MB
        libc.malloc_trim(0)
