"""Properties of the artifact that a tiny training leaves."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.engine import Engine
from mlcore.training.datasets.mnist import Digits
from tests.training import Trained, needs_keras

pytestmark = needs_keras


def keras_model(trained: Trained) -> Any:
    import keras  # noqa: TID251  (it loads what the training saved)

    with (trained.runs / "again.keras").open("wb") as file:
        file.write(trained.artifact.read_bytes("model.keras"))
    return keras.models.load_model(trained.runs / "again.keras")


def test_the_artifact_is_valid(trained: Trained) -> None:
    assert load_artifact(trained.artifact.folder, digest=trained.artifact.digest).version == "digits-9"


def test_the_line_network_is_copied_from_its_source(trained: Trained) -> None:
    source = load_artifact(SHIPPED)
    assert trained.artifact.card.networks["lines"] == source.card.networks["lines"]
    assert trained.artifact.read_bytes("lines.onnx") == source.read_bytes("lines.onnx")
    assert trained.artifact.card.training["lines"] == source.card.training["lines"]


def test_the_network_has_learnt(trained: Trained) -> None:
    assert trained.artifact.card.metrics["validation"]["mnist"] > 0.3


def test_onnx_and_keras_agree_on_a_thousand_images(trained: Trained, digits: Digits) -> None:
    from mlcore.training.networks.fit import predict_logits

    images = np.resize(digits.images, (1000, 28, 28))
    expected = predict_logits(keras_model(trained), images)
    assert np.abs(Engine(trained.artifact).logits(images) - expected).max() < 1e-4


def test_every_visible_layer_agrees_with_keras(trained: Trained, digits: Digits) -> None:
    import keras  # noqa: TID251  (the layers of its model are the oracle)

    from mlcore.training.networks.digit import visible_layers

    model = keras_model(trained)
    shown = keras.Model(model.input, {la.name: model.get_layer(la.name).output for la in visible_layers(model)})
    expected = shown.predict(digits.images[:20, :, :, None].astype(np.float32) / 255, verbose=0)
    found = Engine(trained.artifact).activations(digits.images[:20])
    assert list(found) == ["conv1", "conv2", "pool1", "conv3", "conv4", "pool2", "conv5", "conv6", "conv7"]
    for name, maps in found.items():
        np.testing.assert_allclose(maps, expected[name], atol=1e-4)


def test_the_first_feature_map_equals_a_numpy_convolution(trained: Trained, digits: Digits) -> None:
    """The oracle uses neither Keras nor ONNX: stored kernels, shifted sums and ReLU."""
    stored = np.load(io.BytesIO(trained.artifact.read_bytes("weights.npz")))
    image = np.pad(digits.images[0].astype(np.float32) / 255, 1)  # (30, 30)
    summed: NDArray[np.float32] = np.zeros((28, 28, stored["conv1"].shape[-1]), np.float32)
    for row in range(3):
        for column in range(3):
            part = image[row : row + 28, column : column + 28, None]
            summed += part * stored["conv1"][row, column, 0]
    expected = np.maximum(summed + stored["conv1_bias"], 0)
    found = Engine(trained.artifact).activations(digits.images[:1])["conv1"][0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_logits_are_a_weighted_mean_of_the_averaged_layer(trained: Trained, digits: Digits) -> None:
    """This is what makes class activation maps exact."""
    engine = Engine(trained.artifact)
    averaged = trained.artifact.card.networks["digit"].averaged
    assert averaged is not None
    stored = np.load(io.BytesIO(trained.artifact.read_bytes("weights.npz")))
    means = engine.activations(digits.images[:5])[averaged].mean(axis=(1, 2))  # (5, channels)
    expected = means @ stored["logits"] + stored["logits_bias"]
    np.testing.assert_allclose(engine.logits(digits.images[:5]), expected, atol=1e-4)


def test_probabilities_are_a_softmax_with_the_stored_temperature(trained: Trained, digits: Digits) -> None:
    engine = Engine(trained.artifact)
    scores = engine.classify(digits.images[:50])
    logits = engine.logits(digits.images[:50])[:, :10] / trained.artifact.card.temperature
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scores.probabilities, expected, atol=1e-5)
    np.testing.assert_allclose(scores.probabilities.sum(axis=1), 1, atol=1e-5)


def test_the_card_records_the_training(trained: Trained) -> None:
    card = trained.artifact.card
    assert card.training["command"] == "manage.py train_model"
    assert card.training["seed"] == trained.recipe.plan.seed
    assert len(card.training["history"]) == trained.recipe.plan.epochs
    assert set(card.training["data"]) == {"train", "validation", "test", "generated", "generated_validation"}
    assert {"test", "validation", "robustness", "read_as_png", "refusals", "latency_ms"} <= set(card.metrics)


def test_only_artifacts_and_synthetic_digits_remain_in_runs(trained: Trained) -> None:
    names = {path.name.split("-")[0] for path in trained.runs.iterdir() if path.suffix != ".keras"}
    assert names == {"digits", "synthetic"}
