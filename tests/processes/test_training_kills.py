"""Tests of a training whose worker is killed: it goes on from its checkpoint and makes one candidate.

It loads TensorFlow eleven times and trains twice, which takes a quarter of an hour, so only LONG_TESTS=1 runs it.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from recognizer.models import Job, ModelVersion, Training
from recognizer.services.learning.selection import select_digits
from recognizer.services.learning.training_run import describe_training
from recognizer.services.learning.trainings import start_training
from recognizer.services.registry.model_files import local_artifact
from tests.hands import review_n_shaped_twos
from tests.processes.conftest import IS_LONG, SHORT_LIMITS, Cluster, wait_for
from tests.servers.worker import Trainer
from tests.training import needs_keras

pytestmark = [
    pytest.mark.processes,
    pytest.mark.trains,
    pytest.mark.timeout(3600),
    needs_keras,
    pytest.mark.skipif(not IS_LONG, reason="takes a quarter of an hour: LONG_TESTS=1 runs it"),
]

KILLED_EPOCHS = 5  # after each of which the worker is killed twice: having saved it, and having claimed it
SECONDS = 600  # that a step may take on a busy machine


@pytest.fixture
def environment(same_database, npz: Path, tmp_path: Path) -> dict[str, str]:
    return {
        **same_database,
        **SHORT_LIMITS,
        "TRAINING_DATA": str(npz),
        "TRAINING_ROOT": str(tmp_path / "runs"),
        "TRAINING_EFFORT_PERCENT": "5",
    }


@pytest.fixture
def trainer(redis_server, environment, tmp_path: Path) -> Iterator[Trainer]:
    trainer = Trainer(log=tmp_path / "trainer.log", environment=environment)
    trainer.start()
    yield trainer
    trainer.kill()


def epochs_of(training: Training) -> list[int]:
    return [epoch["number"] for epoch in Training.objects.values_list("epochs", flat=True).get(pk=training.pk)]


def run_of(training: Training) -> datetime | None:
    """Return when the present run of the training's job began, or None while no worker has it."""
    running = Job.objects.filter(pk=training.job_id, state=Job.State.RUNNING)
    return running.values_list("started_at", flat=True).first()


def test_a_training_whose_worker_is_killed_makes_one_candidate_with_the_same_weights(
    trainer, cluster: Cluster, alice, model, npz, tmp_path, settings
):
    review_n_shaped_twos(alice, 40)
    cluster.start_beat()
    cluster.start_worker()  # it sweeps
    training = start_training(by=alice)
    kills = 0
    for number in range(1, KILLED_EPOCHS + 1):
        wait_for(lambda number=number: number in epochs_of(training), SECONDS, f"epoch {number}")
        for _ in range(2):
            killed = run_of(training)
            trainer.kill()
            kills += 1
            trainer.start()
            wait_for(lambda killed=killed: run_of(training) not in (None, killed), SECONDS, "the next run")
    assert kills == 10
    wait_for(lambda: not Training.objects.get(pk=training.pk).is_open, SECONDS, "the end of the training")
    training = Training.objects.select_related("candidate", "base").get(pk=training.pk)
    assert training.candidate, (training.error, trainer.output)
    assert ModelVersion.objects.count() == 2
    assert epochs_of(training) == [1, 2, 3, 4, 5, 6]

    from mlcore.training.recipes.corrections import train_with_corrections

    settings.TRAINING_DATA, settings.TRAINING_ROOT = str(npz), tmp_path / "uninterrupted"
    settings.TRAINING_EFFORT_PERCENT = 5
    quick = describe_training(training, local_artifact(training.base), select_digits(training.created_at))
    uninterrupted = train_with_corrections(quick, "uninterrupted", lambda stage: None)
    check_equal_weights(local_artifact(training.candidate), uninterrupted)


def check_equal_weights(one, other) -> None:
    from mlcore.training.networks.export import load_keras_model

    for network in ("digit", "lines"):
        weights, others = (load_keras_model(artifact, network).get_weights() for artifact in (one, other))
        assert len(weights) == len(others) > 0
        for killed, whole in zip(weights, others, strict=True):
            np.testing.assert_allclose(killed, whole, atol=1e-4)
