"""What a Celery worker does beside its tasks: its children warm up, and it looks after what others left behind."""

import logging
from typing import Any

import numpy as np
from celery.signals import worker_process_init, worker_ready
from django.db import DatabaseError, connection

from recognizer.problems import Problem
from recognizer.queues import UPKEEP
from recognizer.services.registry.model_versions import models
from recognizer.services.work import broker

logger = logging.getLogger(__name__)


@worker_process_init.connect
def warm_up(**kwargs: Any) -> None:
    """The model is loaded before the first job is claimed: it is no part of anybody's time or attempts."""
    try:
        engine = models.active_model().reader.engine
        engine.activations(np.zeros((1, 28, 28), np.uint8))
    except (Problem, DatabaseError):
        logger.exception("No model is ready; the jobs wait for one")
    finally:
        connection.close()


@worker_ready.connect
def sweep_at_start(**kwargs: Any) -> None:
    """What waits since the last worker went should not wait for beat, which may not even run here."""
    try:
        broker.publish("recognizer.tasks.sweep", queue=UPKEEP)
    except broker.BrokerDown:
        return
