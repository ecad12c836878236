"""Fixtures that create predictions without running the reader, another model version, and free slots of downloads."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.utils import timezone

from recognizer.http import serving
from recognizer.models import Glyph, ModelVersion, Prediction, Upload
from recognizer.services.limits.download_slots import DownloadSlots
from recognizer.services.registry.model_versions import models
from tests.pictures import digit_png

PICTURE = digit_png(7, size=60)
AddPrediction = Callable[..., Prediction]


@pytest.fixture(autouse=True)
def free_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Responses that a test does not read to the end hold slots."""
    monkeypatch.setattr(serving, "download_slots", DownloadSlots())


@pytest.fixture
def add_prediction(model: ModelVersion, alice: User) -> AddPrediction:
    """Create predictions with one glyph per digit. Each is a minute older than the one created before it."""
    count = 0

    def add(text: str = "7", *, owner: User = alice, confidence: float = 0.9, **upload: Any) -> Prediction:
        nonlocal count
        count += 1
        decision = upload.pop("decision", "read" if text else "rejected")
        at = upload.pop("at", timezone.now() - timedelta(minutes=count))
        row = Upload(
            owner=owner,
            created_at=at,
            source=upload.pop("source", "upload"),
            name=upload.pop("name", f"{count}.png"),
            sha256=hashlib.sha256(PICTURE).hexdigest(),
            format="PNG",
            bytes=len(PICTURE),
            width=60,
            height=60,
        )
        row.original.save("original", ContentFile(PICTURE), save=False)
        row.thumbnail.save("thumbnail", ContentFile(PICTURE), save=False)
        row.save()
        prediction = Prediction.objects.create(
            upload=row,
            owner=owner,
            given_at=at,
            model=model,
            mode="auto",
            text=text,
            confidence=confidence,
            decision=decision,
            latency_ms=3.0,
        )
        Glyph.objects.bulk_create(
            Glyph(
                prediction=prediction,
                position=position,
                x=10 * position,
                y=5,
                width=10,
                height=20,
                input=bytes(784),
                digit=int(digit),
                confidence=confidence,
                probabilities=[confidence if place == int(digit) else (1 - confidence) / 9 for place in range(10)],
            )
            for position, digit in enumerate(text)
        )
        return prediction

    return add


@pytest.fixture
def other(model: ModelVersion) -> ModelVersion:
    """Register the shipped network under another name."""
    return ModelVersion.objects.create(version="other", digest="0" * 64, card=model.card, shipped=False)


@pytest.fixture
def loaded(other: ModelVersion, model: ModelVersion) -> Iterator[ModelVersion]:
    """Load the shipped network under the name of the other version."""
    models.loaded[other.digest] = replace(models.model(model), version=other)
    yield other
    models.loaded.pop(other.digest, None)
    models.active = None  # it may be the other one
