"""Expired sessions are removed, and no others."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from config.celery import app
from recognizer import tasks
from recognizer.services.people.sessions import remove_expired_sessions
from recognizer.services.space import purge

pytestmark = pytest.mark.django_db


def add_sessions(number: int, *, days: int) -> None:
    expires = timezone.now() + timedelta(days=days)
    Session.objects.bulk_create(
        Session(session_key=f"{days}-{n}", session_data="", expire_date=expires) for n in range(number)
    )


def test_expired_sessions_are_removed_in_parts(monkeypatch):
    monkeypatch.setattr(purge, "ROWS_AT_ONCE", 2)
    add_sessions(5, days=-1)
    add_sessions(2, days=1)
    assert remove_expired_sessions(seconds=0) == 2
    assert remove_expired_sessions() == 3
    assert Session.objects.count() == 2


def test_beat_removes_them_every_hour():
    scheduled = [entry["task"] for entry in app.conf.beat_schedule.values()]
    assert tasks.remove_expired_sessions.name in scheduled
    add_sessions(1, days=-1)
    tasks.remove_expired_sessions()
    assert not Session.objects.exists()
