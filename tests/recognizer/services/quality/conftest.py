"""Answers whose confidence and audits are chosen by the tests."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from recognizer.models import Audit, ModelVersion, Prediction, Stream
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
