"""The Celery application. Redis carries hints only: the truth is in Job rows, which the sweeper re-queues."""

import os
import warnings

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning
from celery.schedules import crontab
from django.conf import settings
from kombu import Exchange, Queue

from config import redis_qos

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from recognizer.heartbeat import SaysAlive
from recognizer.queues import INTERACTIVE, QUEUES, UPKEEP

warnings.filterwarnings("ignore", category=CPendingDeprecationWarning, module="celery")

redis_qos.install()

app = Celery("digitscribe")
# The web server's other threads would otherwise send through an application of Celery's own making.
app.set_default()
app.conf.update(
    broker_url=settings.REDIS_URL,
    # What came of a task is in its row; a result in Redis would be a second truth.
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],  # a message never becomes code
    # Without an exchange of its own each would be bound to the same one.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
    task_default_queue=INTERACTIVE,
    # A message is acknowledged when its work is over, so that a killed worker loses none.
    task_acks_late=True,
    # A child that was killed gives its message back at once. Attempts are counted in the row, so that a picture
    # that kills every child is tried three times and not for ever.
    task_reject_on_worker_lost=True,
    # How long the parent waits for a dead child's last words; Celery's ten seconds would be ten of a person's.
    worker_lost_wait=1.0,
    # One message a child: what one of them holds, another cannot do meanwhile.
    worker_prefetch_multiplier=1,
    task_soft_time_limit=settings.JOB_SOFT_LIMIT_SECONDS,
    task_time_limit=settings.JOB_HARD_LIMIT_SECONDS,
    worker_concurrency=settings.WORKER_CONCURRENCY,
    # Fresh children now and then: whatever leaks, leaks little.
    worker_max_tasks_per_child=200,
    worker_max_memory_per_child=settings.WORKER_MEMORY_MB * 1024,
    # A job goes on when Redis goes away: its row is in the database, and a second delivery finds it claimed.
    # Cancelling it would cost an attempt. (Celery warns of this choice at every reconnection.)
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_proc_alive_timeout=30.0,  # a new child loads the model first; on a busy machine that takes its time
    worker_hijack_root_logger=False,
    # 0 would make the worker give up at the first refusal; None tries for ever.
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    # A full Redis refuses writes; without this the worker would end instead of waiting for room.
    broker_channel_error_retry=True,
    broker_transport_options={
        # The queues in their order, not in turn: what a person waits for never stands behind a batch.
        "queue_order_strategy": "priority",
        # Above the hard limit: a shorter one hands running tasks to a second worker.
        "visibility_timeout": 2 * settings.JOB_HARD_LIMIT_SECONDS,
        # How often messages of dead workers are looked for: 5 s rather than Celery's 100.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        # A frozen Redis is noticed; shorter than a second would take the worker's own waiting for an outage.
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        # A connection that died without a word (a cable, a firewall) is noticed within twice this.
        "health_check_interval": 10,
        "global_keyprefix": f"{settings.QUEUE_PREFIX}:",
    },
    # What could not be sent is dropped, not kept: the next sweep comes in seconds.
    task_publish_retry=False,
    beat_schedule={
        "sweep": {
            "task": "recognizer.tasks.sweep",
            "schedule": settings.SWEEP_EVERY_SECONDS,
            # Sweeps pile up while no worker runs; one of them is enough.
            "options": {"queue": UPKEEP, "expires": settings.SWEEP_EVERY_SECONDS},
        },
        "purge": {"task": "recognizer.tasks.purge", "schedule": 3600.0, "options": {"queue": UPKEEP, "expires": 3600}},
        "reconcile": {
            "task": "recognizer.tasks.reconcile_media",
            "schedule": crontab(minute="30"),
            "options": {"queue": UPKEEP, "expires": 3600},
        },
    },
)
app.steps["consumer"].add(SaysAlive)
app.autodiscover_tasks(["recognizer"])
app.autodiscover_tasks(["recognizer"], related_name="worker")
