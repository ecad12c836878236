"""From a trained Keras model to the files of an artifact.

The ONNX graph is written here, layer by layer, rather than converted: it holds no more than a chain of
convolutions needs, it is the same whichever backend trained, and the feature maps hang beside the chain
instead of standing in it. A test holds it to Keras within 1e-4.
"""

import io
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import onnx
from keras import layers
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from mlcore.artifact import Artifact, ArtifactError, Layer, Network
from mlcore.training.networks.digit import averaged, kernels, visible_layers

OPSET = 17
IR_VERSION = 9
Floats = NDArray[np.float32]


def exported(model: keras.Model, architecture: str) -> tuple[Network, dict[str, bytes]]:
    """The network's entry for the card, and its files by name."""
    arrays = io.BytesIO()
    np.savez(arrays, allow_pickle=False, **kernels(model))
    shown = visible_layers(model)
    files = {
        "model.keras": keras_bytes(model),
        "model.onnx": onnx_bytes(model, shown),
        "weights.npz": arrays.getvalue(),
    }
    network = Network(
        architecture=architecture,
        onnx="model.onnx",
        keras="model.keras",
        kernels="weights.npz",
        layers=shown,
        averaged=averaged(model),
        parameters=model.count_params(),
    )
    return network, files


def keras_bytes(model: keras.Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path, packed = Path(folder) / "model.keras", io.BytesIO()
        model.save(path)
        with zipfile.ZipFile(path) as plain, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as small:
            for entry in plain.infolist():
                small.writestr(entry.filename, plain.read(entry))
        return packed.getvalue()


def keras_model(artifact: Artifact, network: str) -> keras.Model:
    """One of an artifact's networks as it was trained, to go on from."""
    held = artifact.card.networks.get(network)
    if held is None or held.keras is None:
        raise ArtifactError(f"{artifact.version} holds no network '{network}' for Keras: it cannot be gone on from.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(artifact.read_bytes(held.keras))
        return keras.models.load_model(path)


def onnx_bytes(model: keras.Model, shown: Sequence[Layer], *, half: bool = False) -> bytes:
    """From the model's input to `logits`, and besides them every shown layer by name, channels last as in Keras.

    `half` stores weights in half precision; they are cast once, when the network is loaded.
    """
    graph = _Graph(kernels(model), frozenset(layer.name for layer in shown), half)
    given = model.inputs[0]
    graph.add("Transpose", source=given.name, perm=[0, 3, 1, 2])
    for layer in model.layers:
        _append(graph, layer)
    shapes = {layer.name: (None, *layer.shape) for layer in shown} | {"logits": model.outputs[0].shape}
    written = helper.make_model(
        helper.make_graph(
            graph.nodes,
            model.name,
            [_described(given.name, given.shape)],
            [_described(name, shape) for name, shape in shapes.items()],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="digitscribe",
    )
    onnx.checker.check_model(written, full_check=True)
    return written.SerializeToString()


def _described(name: str, shape: Sequence[int | None]) -> onnx.ValueInfoProto:
    """Sizes that differ from picture to picture get a name instead of a number."""
    sizes = [f"{name}_{axis}" if size is None else size for axis, size in enumerate(shape)]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *sizes[1:]])


class _Graph:
    """A chain of nodes; planes are (N, channels, height, width) on the way and turned only to be shown."""

    def __init__(self, weights: Mapping[str, Floats], shown: frozenset[str], half: bool) -> None:
        self.weights = weights
        self.shown = shown
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.last = ""

    def constant(self, name: str, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        if not self.half or value.dtype != np.float32:
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
            return name
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value.astype(np.float16)), f"{name}_half"))
        self.nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
        return name

    def add(
        self, kind: str, *constants: str, source: str | None = None, to: str | None = None, **options: object
    ) -> str:
        to = to or f"step{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [source or self.last, *constants], [to], **options))
        self.last = to
        return to

    def show(self, name: str) -> None:
        if name not in self.shown:
            return
        on_the_way = self.last
        self.add("Transpose", to=name, perm=[0, 2, 3, 1])
        self.last = on_the_way


def _append(graph: _Graph, layer: keras.Layer) -> None:
    """One layer of those that the architectures are made of."""
    weights = graph.weights
    match layer:
        case layers.Conv2D():  # its normalisation is in the kernel already
            name = layer.name.replace("kernel", "conv")
            kernel = graph.constant(f"{name}_kernel", weights[name].transpose(3, 2, 0, 1))
            pads = [size // 2 if layer.padding == "same" else 0 for size in layer.kernel_size] * 2
            graph.add("Conv", kernel, graph.constant(f"{name}_bias", weights[f"{name}_bias"]), pads=pads)
        case layers.ReLU():
            graph.add("Relu")
            graph.show(layer.name)
        case layers.MaxPooling2D():
            graph.add("MaxPool", kernel_shape=list(layer.pool_size), strides=list(layer.strides))
            graph.show(layer.name)
        case layers.GlobalAveragePooling2D():
            graph.add("GlobalAveragePool")
            graph.add("Flatten")
        case layers.Flatten():  # in Keras's order: channels last
            graph.add("Transpose", perm=[0, 2, 3, 1])
            graph.add("Flatten")
        case layers.Dense():
            kernel = graph.constant(f"{layer.name}_kernel", weights[layer.name])
            last = "logits" if layer.name == "logits" else None
            graph.add("Gemm", kernel, graph.constant(f"{layer.name}_bias", weights[f"{layer.name}_bias"]), to=last)
            if layer.activation is keras.activations.relu:
                graph.add("Relu")
        case layers.Reshape():  # a line's planes are one row high: a step of it after another
            graph.add("Transpose", perm=[0, 2, 3, 1])
            steps = np.array([0, -1, *layer.target_shape[1:]], np.int64)
            graph.add("Reshape", graph.constant(f"{layer.name}_shape", steps), to=layer.name)
        case layers.InputLayer() | layers.BatchNormalization() | layers.Dropout():
            pass
        case _:
            raise TypeError(f"{layer.name} is of a kind that the export does not know.")
