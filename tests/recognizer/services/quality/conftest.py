"""Answers whose confidence and audits are chosen by the tests."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from mlcore.quality.evidence import needed_audits
from recognizer.models import Audit, ModelVersion, Notice, Prediction, Stream
from recognizer.services.history.corrections import correct
from recognizer.services.quality.promises import choose_wish, update_promises
from recognizer.services.quality.streams import month_of
from tests.readings import make_reading, store_reading

StoreAnswer = Callable[..., Prediction]


@pytest.fixture
def audit_all(settings) -> None:
    """Have every sure answer audited while no error rate is wished."""
    settings.AUDITED_SHARE = 1.0


@pytest.fixture
def store_answer(alice: User, model: ModelVersion) -> StoreAnswer:
    def store(written: str = "1905", *, owner: User = alice, mode: str = "auto", **reading) -> Prediction:
        return store_reading(make_reading(written, **reading), owner=owner, mode=mode)

    return store


def add_checked(stream: Stream, outcomes: list[tuple[float, bool]], probability: float = 0.2) -> None:
    """Add answers that were audited and checked, all of one picture: hundreds of pictures would take a minute."""
    newest = stream.predictions.filter(is_current=True).latest("created_at")
    upload = newest.upload
    predictions = [
        Prediction(
            upload=upload,
            owner=stream.owner,
            given_at=upload.created_at,
            model=stream.model,
            stream=stream,
            mode=stream.mode,
            text=newest.text,
            confidence=confidence,
            decision="read",
            latency_ms=3.0,
            is_current=False,
        )
        for confidence, _ in outcomes
    ]
    Prediction.objects.bulk_create(predictions)
    now = timezone.now()
    audits = [
        Audit(
            prediction=prediction,
            owner=stream.owner,
            stream=stream,
            chosen_at=now + timedelta(microseconds=place),
            month=month_of(now),
            probability=probability,
            text=prediction.text,
            confidence=confidence,
            was_sure=True,
            is_right=is_right,
        )
        for place, (prediction, (confidence, is_right)) in enumerate(zip(predictions, outcomes, strict=True))
    ]
    Audit.objects.bulk_create(audits)


@pytest.fixture
def audited(store_answer):
    """Return five audited answers, the oldest first."""
    return [store_answer(f"190{number}", confidence=0.999) for number in range(5)]


@pytest.fixture
def promised(audited, alice) -> Stream:
    """Return a stream with a promise of 2 % that was just made."""
    stream = audited[0].stream
    for prediction in audited:
        correct(prediction=prediction, by=alice, kind="confirm")
    choose_wish(stream, 0.02)
    add_checked(stream, [(0.999, True)] * (needed_audits(0.02) - 5))
    update_promises([stream.pk])
    stream.refresh_from_db()
    return stream


def notices(owner) -> list[str]:
    return list(Notice.objects.filter(owner=owner).order_by("created_at").values_list("kind", flat=True))


def break_promise(stream: Stream) -> None:
    add_checked(stream, [(0.96, True), (0.96, False), (0.96, False)])
    update_promises([stream.pk])
    stream.refresh_from_db()


def state_of(stream: Stream) -> dict[str, object]:
    return Stream.objects.filter(pk=stream.pk).values().get()
