"""Start-up of a Celery worker: its child processes load the model, and it enqueues a sweep."""

import logging
from typing import Any

import numpy as np
from celery.signals import worker_process_init, worker_ready
from django.db import DatabaseError, connection

from recognizer.problems import Problem
from recognizer.services.registry.model_versions import models
from recognizer.services.work import broker
from recognizer.services.work.queues import UPKEEP

logger = logging.getLogger(__name__)


@worker_process_init.connect
def load_model(**kwargs: Any) -> None:
    """Load the model before a job is claimed, so that loading counts towards no job's time limit or attempts."""
    try:
        engine = models.active_model().reader.engine
        engine.activations(np.zeros((1, 28, 28), np.uint8))
    except (Problem, DatabaseError):
        logger.exception("No model is available; jobs wait for one")
    finally:
        connection.close()


@worker_ready.connect
def sweep_at_start(**kwargs: Any) -> None:
    """Enqueue a sweep, so that jobs left by the previous worker do not wait for beat, which may not run here."""
    try:
        broker.publish("recognizer.tasks.sweep", queue=UPKEEP)
    except broker.BrokerDown:
        return
