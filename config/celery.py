"""The Celery application. Redis carries hints only: the truth is in Job rows, which the sweeper re-queues."""

import os

from celery import Celery
from django.conf import settings
from kombu import Exchange, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from recognizer.queues import BULK, INTERACTIVE

app = Celery("digitscribe")
app.conf.update(
    broker_url=settings.REDIS_URL,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    # Without an exchange of its own each queue would be bound to the default one, and get the other's messages too.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in (INTERACTIVE, BULK)],
    task_default_queue=INTERACTIVE,
    # A message is acknowledged when its work is over, so that a killed worker loses none.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_soft_time_limit=settings.JOB_SOFT_LIMIT_SECONDS,
    task_time_limit=settings.JOB_HARD_LIMIT_SECONDS,
    worker_concurrency=settings.WORKER_CONCURRENCY,
    worker_max_tasks_per_child=200,
    worker_max_memory_per_child=settings.WORKER_MEMORY_MB * 1024,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_hijack_root_logger=False,
    # 0 would make the worker give up at the first refusal; None tries for ever.
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        # Above the hard limit: a shorter one hands running tasks to a second worker.
        "visibility_timeout": 2 * settings.JOB_HARD_LIMIT_SECONDS,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "global_keyprefix": f"{settings.QUEUE_PREFIX}:",
    },
    beat_schedule={
        "sweep": {"task": "recognizer.tasks.sweep", "schedule": settings.SWEEP_EVERY_SECONDS},
        "purge": {"task": "recognizer.tasks.purge", "schedule": 3600.0},
    },
)
app.autodiscover_tasks(["recognizer"])
