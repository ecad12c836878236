"""Fixtures of the pages for trainers."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from recognizer.models import ModelVersion
from recognizer.services.registry.model_versions import register_model
from tests.conftest import client_of
from tests.recognizer.services.registry.artifacts import copy_shipped


@pytest.fixture
def candidate(model: ModelVersion, media: object, tmp_path: Path) -> ModelVersion:
    return register_model(copy_shipped(tmp_path / "digits-other"))


@pytest.fixture
def trainer_client(django_user_model) -> Client:
    trainer = django_user_model.objects.create_user("trainer", password="a long password")
    trainer.user_permissions.add(Permission.objects.get(codename="trainer"))
    return client_of(trainer)
