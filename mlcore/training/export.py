"""From a trained Keras model to the files of an artifact."""

import io
import tempfile
from pathlib import Path

import keras
import numpy as np

from mlcore.artifact import Network
from mlcore.training.network import averaged, kernels, visible_layers

OPSET = 17


def exported(model: keras.Model, architecture: str, prefix: str = "model") -> tuple[Network, dict[str, bytes]]:
    """The network's entry for the card, and its files by name."""
    network = Network(
        architecture=architecture,
        onnx=f"{prefix}.onnx",
        keras=f"{prefix}.keras",
        kernels="weights.npz",
        layers=visible_layers(model),
        averaged=averaged(model),
        parameters=model.count_params(),
    )
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model.keras"
        model.save(saved)
        files = {network.keras: saved.read_bytes(), network.onnx: onnx_bytes(model, Path(folder))}
    arrays = io.BytesIO()
    np.savez(arrays, **kernels(model))
    return network, {**files, network.kernels: arrays.getvalue()}


def onnx_bytes(model: keras.Model, folder: Path) -> bytes:
    """The same network with every visible layer as an output of its own."""
    shown = {layer.name: model.get_layer(layer.name).output for layer in visible_layers(model)}
    many = keras.Model(model.input, {"logits": model.output, **shown})
    many(np.zeros((1, 28, 28, 1), np.float32))  # Keras exports no model that was never called
    path = folder / "model.onnx"
    many.export(path, format="onnx", verbose=False, opset_version=OPSET)
    return path.read_bytes()
