"""The Celery application. Job rows are authoritative: if Redis loses a message, the sweeper queues its job again."""

import os
import warnings

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning
from celery.schedules import crontab
from django.conf import settings
from kombu import Exchange, Queue

from config import redis_qos, task_messages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from recognizer.services.work.queues import INTERACTIVE, SERVED, UPKEEP
from recognizer.startup.heartbeat import HeartbeatStep

warnings.filterwarnings("ignore", category=CPendingDeprecationWarning, module="celery")

redis_qos.install()
task_messages.install()

app = Celery("digitscribe")
# Otherwise threads of the web server would send through Celery's fallback application.
app.set_default()
app.conf.update(
    broker_url=settings.BROKER_URL,
    # The result of a task is in its row, not in Redis.
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],  # pickle would execute code from a message
    # Each queue needs its own exchange, or all are bound to the default one. Celery adds the queue of trainings, which
    # is not listed, where it is named: in the workers that serve it, and in processes that send to it.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in SERVED],
    task_default_queue=INTERACTIVE,
    # A message is acknowledged after its work, so that a killed worker loses none.
    task_acks_late=True,
    # The message of a killed child is delivered again at once. Attempts are counted in the row, so a picture that
    # kills every child is tried three times.
    task_reject_on_worker_lost=True,
    # How long the parent waits for the result of a dead child. A person would wait Celery's 10 seconds as well.
    worker_lost_wait=1.0,
    # One message per child: a prefetched one could not be taken by an idle child.
    worker_prefetch_multiplier=1,
    task_soft_time_limit=settings.JOB_SOFT_LIMIT_SECONDS,
    task_time_limit=settings.JOB_HARD_LIMIT_SECONDS,
    worker_concurrency=settings.WORKER_CONCURRENCY,
    # Children are replaced regularly, which bounds memory leaks.
    worker_max_tasks_per_child=200,
    worker_max_memory_per_child=settings.WORKER_MEMORY_MB * 1024,
    # A job continues without Redis: its row is in the database, and a second delivery finds it claimed.
    # A cancellation would cost an attempt. (Celery warns of this choice at every reconnection.)
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # Nothing uses remote control, which could stop workers, and whose queues need scripts in Redis.
    worker_enable_remote_control=False,
    worker_proc_alive_timeout=30.0,  # a new child loads the model first, which takes long on a busy machine
    worker_hijack_root_logger=False,
    # None retries for ever; 0 would stop the worker at the first refused connection.
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    # A full Redis refuses writes. Without this the worker would end instead of waiting for space.
    broker_channel_error_retry=True,
    broker_transport_options={
        # By priority, not round robin: a job that a person waits for is never behind a batch.
        "queue_order_strategy": "priority",
        # Longer than the hard limit, or a running task is delivered to a second worker.
        "visibility_timeout": 2 * settings.JOB_HARD_LIMIT_SECONDS,
        # Messages of dead workers are restored every 5 s, not every 100 s as by default.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        # Detects a frozen Redis. Below one second, the worker's own blocking read would count as an outage.
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        # Detects a silently dropped connection (a cable, a firewall) within twice this time.
        "health_check_interval": 10,
        "global_keyprefix": f"{settings.QUEUE_PREFIX}:",
    },
    # A message that cannot be sent is dropped: the next sweep, seconds later, sends it again.
    task_publish_retry=False,
    beat_scheduler="config.scheduler:Scheduler",
    beat_schedule={
        "sweep": {
            "task": "recognizer.tasks.sweep",
            "schedule": settings.SWEEP_EVERY_SECONDS,
            # Without a worker, sweeps would accumulate; they expire when the next one is sent.
            "options": {"queue": UPKEEP, "expires": settings.SWEEP_EVERY_SECONDS},
        },
        "purge": {"task": "recognizer.tasks.purge", "schedule": 3600.0, "options": {"queue": UPKEEP, "expires": 3600}},
        "remove_old_pictures": {
            "task": "recognizer.tasks.remove_old_pictures",
            "schedule": crontab(minute="20"),
            "options": {"queue": UPKEEP, "expires": 3600},
        },
        "forget_deleted_accounts": {
            "task": "recognizer.tasks.forget_deleted_accounts",
            "schedule": crontab(minute="45"),
            "options": {"queue": UPKEEP, "expires": 3600},
        },
        "remove_expired_sessions": {
            "task": "recognizer.tasks.remove_expired_sessions",
            "schedule": crontab(minute="15"),
            "options": {"queue": UPKEEP, "expires": 3600},
        },
        "train_at_night": {
            "task": "recognizer.tasks.train_at_night",
            "schedule": crontab(hour="2", minute="50"),
            "options": {"queue": UPKEEP, "expires": 3600},
        },
        "recount_usage": {
            "task": "recognizer.tasks.recount_usage",
            "schedule": crontab(minute="0"),
            "options": {"queue": UPKEEP, "expires": 3600},
        },
        "reconcile": {
            "task": "recognizer.tasks.reconcile_media",
            "schedule": crontab(minute="30"),
            "options": {"queue": UPKEEP, "expires": 3600},
        },
    },
)
app.steps["consumer"].add(HeartbeatStep)
app.autodiscover_tasks(["recognizer"])
app.autodiscover_tasks(["recognizer.startup"], related_name="worker")
