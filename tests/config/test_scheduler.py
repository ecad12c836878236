"""Tests of beat's scheduler: tasks are sent again soon after the clock was set back."""

from datetime import timedelta

import pytest
from celery.beat import ScheduleEntry

from config.celery import app
from config.scheduler import Scheduler


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the tasks that are sent from now on."""
    names: list[str] = []
    monkeypatch.setattr(Scheduler, "apply_entry", lambda self, entry, producer=None: names.append(entry.name))
    monkeypatch.setattr(Scheduler, "producer", None)
    return names


def set_clock_back(scheduler: Scheduler, hours: int) -> None:
    """Move all times that the scheduler knows, which is the same as moving the clock the other way."""
    shift = timedelta(hours=hours)
    for entry in scheduler.schedule.values():
        entry.last_run_at += shift
    scheduler._heap = [
        type(event)(event.time + shift.total_seconds(), event.priority, event.entry) for event in scheduler._heap
    ]


def test_beat_uses_it():
    assert app.conf.beat_scheduler == "config.scheduler:Scheduler"


def test_a_task_is_sent_again_after_the_clock_was_set_back(sent):
    scheduler = Scheduler(app, lazy=True)
    scheduler.setup_schedule()
    assert 0 < scheduler.tick() <= 10, "it has just started"
    set_clock_back(scheduler, hours=3)
    assert 0 < scheduler.tick() <= 10

    entry: ScheduleEntry = scheduler.schedule["sweep"]
    entry.last_run_at -= timedelta(seconds=11)
    scheduler._heap = None
    scheduler.tick()
    assert sent == ["sweep"]
