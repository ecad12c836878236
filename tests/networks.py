from pathlib import Path

import pytest

from mlcore.artifact import Artifact, Card, save_artifact


@pytest.fixture(scope="session")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The classic architecture with random weights; its convolutions do not pad."""
    import keras  # noqa: TID251  (needed to build the network)

    from mlcore.training.networks.digit import build_digit_network
    from mlcore.training.networks.export import export_digit_network

    keras.utils.set_random_seed(1)
    network, files = export_digit_network(build_digit_network("classic"), "classic")
    folder: Path = tmp_path_factory.mktemp("artifacts") / "classic-0"
    return save_artifact(folder, Card("classic-0", {"digit": network}, temperature=1.0), files)
