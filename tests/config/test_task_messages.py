"""Tests of the check of messages: the worker goes on with the next one, whatever lies on its queue."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings

from config.task_messages import check_message
from recognizer import tasks
from recognizer.models import Job
from recognizer.services.learning.training_run import TRAINING_LIMIT_SECONDS
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.work import broker
from recognizer.services.work.queues import BULK, UPKEEP
from tests.pictures import digit_png
from tests.servers.process import wait_until

MISSING = object()


@pytest.fixture
def message(redis_server) -> dict[str, Any]:
    """Return a message as the product publishes it."""
    broker.breaker.close()
    broker.publish("recognizer.tasks.run_job", "0" * 32, queue="captured")
    published = json.loads(redis_server.client().rpop("tests:captured"))
    assert isinstance(published, dict)
    return published


def changed(message: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a copy with another value, or without one, at `path`."""
    copy = json.loads(json.dumps(message))
    *parents, name = path.split(".")
    part = copy
    for parent in parents:
        part = part[parent]
    part.pop(name, None)
    if value is not MISSING:
        part[name] = value
    return copy


def body(*, args: object = (), kwargs: object = None, **embed: object) -> str:
    followers = {"callbacks": None, "errbacks": None, "chain": None, "chord": None, **embed}
    return base64.b64encode(json.dumps([args, kwargs or {}, followers]).encode()).decode()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


POISON = [
    *[("properties", value) for value in (MISSING, None, 5, [])],
    *[("properties.delivery_tag", value) for value in (MISSING, None, [1])],
    *[("properties.delivery_info", value) for value in (MISSING, None, 5, {}, {"exchange": {}, "routing_key": ""})],
    ("properties.body_encoding", "gzip"),
    *[("headers", value) for value in (MISSING, None, [], {})],
    *[("headers.task", value) for value in (MISSING, None, {}, [])],
    *[("headers.id", value) for value in (MISSING, 5, [], "", "an id")],
    *[
        ("headers.timelimit", value)
        for value in ([1e300, 1e300], [None, 1e9], [-1, -1], ["a", {}], [True, 1], [1], 5, {})
    ],
    *[("headers.eta", value) for value in ("2999-01-01T00:00:00", "soon", [1])],
    *[("headers.expires", value) for value in ("soon", [], 5)],
    *[("headers.retries", value) for value in ("x", -1, 1_000)],
    *[(f"headers.{name}", {"a": 1}) for name in ("root_id", "parent_id", "group", "stamps", "origin", "argsrepr")],
    ("headers.stamped_headers", 5),
    ("headers.compression", "application/x-gzip"),
    ("headers.argsrepr", "x" * 100_000),
    *[("content-type", value) for value in (MISSING, "application/x-python-serialize", None)],
    ("content-encoding", "rot13"),
    *[
        ("body", value)
        for value in (MISSING, None, 5, "", "!!!", "é", encoded(b"\xff"), encoded(b"[]"), encoded(b"{}"))
    ],
    ("body", encoded(b"[" * 500)),
    ("body", body(args=5)),
    ("body", body(args=[{"a": 1}])),
    ("body", body(args=["x" * 100_000])),
    ("body", body(kwargs={"a": 1})),
    ("body", body(callbacks=[{"task": "recognizer.tasks.purge"}])),
    ("body", body(chain=[{}])),
]


def test_messages_of_the_product_are_valid(message):
    check_message(message)
    check_message(changed(message, "headers.expires", "2026-11-29T02:00:00+00:00"))
    check_message(changed(message, "headers.redelivered", True))


def test_invalid_messages_are_recognised(message):
    accepted = []
    for path, value in POISON:
        try:
            check_message(changed(message, path, value))
        except (ValueError, TypeError, KeyError):
            continue
        accepted.append((path, value))
    assert accepted == []


@pytest.mark.parametrize("value", [None, 5, "text", [], {}])
def test_a_message_that_is_no_object_of_a_task_is_recognised(value):
    with pytest.raises((TypeError, KeyError)):
        check_message(value)


def raw_poison(message: dict[str, Any]) -> Iterator[bytes]:
    yield from (b"hello", b"5", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 100_000)
    for path, value in POISON:
        yield json.dumps(changed(message, path, value)).encode()
    yield json.dumps(changed(message, "body", body(args=["no id"]))).encode()
    yield json.dumps(changed(message, "headers.task", "recognizer.tasks.nothing")).encode()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_worker_drops_them_and_goes_on(worker, message, redis_server, alice):
    client = redis_server.client()
    (child,) = worker.children
    for poison in raw_poison(message):
        client.lpush(f"tests:{UPKEEP}", poison)
        client.lpush(f"tests:{BULK}", poison)
    job = create_prediction(owner=alice, data=digit_png(3), source="upload", draw_maps=True).jobs.get()
    wait_until(lambda: Job.objects.get(pk=job.pk).state == Job.State.DONE, seconds=60, what="the job after them")
    wait_until(lambda: client.llen(f"tests:{BULK}") == 0, seconds=60, what="every message taken")
    wait_until(lambda: client.hlen("tests:unacked") == 0, seconds=30, what="nothing left to deliver again")
    assert worker.is_alive
    assert worker.children == [child]
    assert "Unrecoverable" not in worker.output
    assert worker.output.count("Dropped") >= 2 * len(POISON)
    assert len(worker.output) < 2_000 * len(POISON)


def test_a_message_of_a_task_that_its_sender_knows_is_valid(redis_server):
    """Beat knows the tasks, so Celery writes the time limits of the settings into its messages."""
    tasks.sweep.apply_async(queue="captured")
    published = json.loads(redis_server.client().rpop("tests:captured"))
    assert published["headers"]["timelimit"] == [
        django_settings.JOB_HARD_LIMIT_SECONDS,
        django_settings.JOB_SOFT_LIMIT_SECONDS,
    ]
    check_message(published)


def test_the_messages_of_a_training_are_valid_from_a_process_that_knows_its_limits(redis_server):
    """The sweeper enqueues a training again whose worker was killed."""
    broker.breaker.close()
    broker.publish(tasks.run_training.name, "0" * 32, queue="captured")
    published = json.loads(redis_server.client().rpop("tests:captured"))
    assert published["headers"]["timelimit"] == [TRAINING_LIMIT_SECONDS, TRAINING_LIMIT_SECONDS]
    check_message(published)


def test_the_limits_of_a_sender_with_other_settings_are_no_fault(message):
    check_message(changed(message, "headers.timelimit", [8, 6]))
