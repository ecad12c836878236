"""Log lines as JSON: whose request it was, without anybody's name, and the same id in the worker."""

import io
import json
import logging

import pytest
from django.test import Client
from django.urls import reverse

from recognizer import tasks
from recognizer.logs.lines import AddRequestId, HideLinkSecrets, JsonFormatter
from recognizer.models import Job
from recognizer.services.reading.feature_maps import ensure_maps
from recognizer.services.space import quotas
from recognizer.services.work import runs

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines():
    """Return the log lines since the start of the test."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(AddRequestId())
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)


def test_a_line_names_request_account_route_and_model(alice_client, alice, model, monkeypatch, lines):
    monkeypatch.setattr(quotas, "usage", lambda owner_id: 1 / 0)
    alice_client.raise_request_exception = False
    response = alice_client.get(reverse("account"))
    (line,) = (line for line in lines() if line["logger"] == "django.request")
    assert line["request"] == response["X-Request-ID"]
    assert (line["user"], line["route"], line["method"], line["level"]) == (alice.pk, "account/", "GET", "ERROR")
    assert "ZeroDivisionError" in line["exception"]
    assert "alice" not in json.dumps(line)


def test_a_line_of_a_command_has_no_request(lines):
    logging.getLogger("recognizer").warning("Careful %s", 1)
    (line,) = lines()
    assert line["message"] == "Careful 1"
    assert not {"request", "user", "route"} & line.keys()


def test_a_line_feed_does_not_start_another_line(lines):
    logging.getLogger("recognizer").warning('one\ntwo "three"')
    assert [line["message"] for line in lines()] == ['one\ntwo "three"']


def test_the_lines_of_a_job_carry_the_id_of_the_request_that_has_created_it(
    alice_token, add_prediction, lines, monkeypatch
):
    response = Client().get(f"/api/v1/predictions/{add_prediction().pk}/feature-maps/", headers=alice_token)
    job = Job.objects.get()
    assert job.request == response["X-Request-ID"]
    monkeypatch.setattr(runs, "run_job", lambda job: logging.getLogger("recognizer").warning("At work"))
    tasks.run_job.apply(args=[str(job.pk)], task_id=str(job.pk))
    (line,) = (line for line in lines() if line["message"] == "At work")
    assert line["request"] == job.request


def test_a_job_of_a_command_has_no_request(add_prediction):
    ensure_maps(add_prediction())
    assert Job.objects.get().request == ""


def test_arguments_that_do_not_fit_a_message_do_not_stop_the_program(capsys):
    handler = logging.StreamHandler()
    handler.addFilter(HideLinkSecrets())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.warning("%d items", "three")
    assert "Logging error" in capsys.readouterr().err
