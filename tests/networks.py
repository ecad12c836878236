from pathlib import Path

import pytest

from mlcore.artifact import Artifact, Card, save_artifact


@pytest.fixture(scope="session")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The other architecture, as the trainer exports it, with random weights; its convolutions do not pad."""
    import keras  # noqa: TID251  (the trainer is what is asked)

    from mlcore.training.networks.digit import build
    from mlcore.training.networks.export import exported

    keras.utils.set_random_seed(1)
    network, files = exported(build("classic"), "classic")
    folder: Path = tmp_path_factory.mktemp("artifacts") / "classic-0"
    return save_artifact(folder, Card("classic-0", {"digit": network}, temperature=1.0), files)
