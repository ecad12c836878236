"""The export of a trained Keras model to the files of an artifact.

The ONNX graph is written layer by layer instead of being converted. It is minimal, it is the same for every Keras
backend, and the feature maps are side outputs of the chain of layers. A test compares it with Keras (within 1e-4).
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
from mlcore.training.networks.digit import averaged_layer, fold_kernels, visible_layers

OPSET = 17
IR_VERSION = 9
Floats = NDArray[np.float32]


def export_digit_network(model: keras.Model, architecture: str) -> tuple[Network, dict[str, bytes]]:
    """Return the network's entry for the card, and its files by name."""
    arrays = io.BytesIO()
    np.savez(arrays, allow_pickle=False, **fold_kernels(model))
    shown = visible_layers(model)
    files = {
        "model.keras": encode_keras(model),
        "model.onnx": encode_onnx(model, shown),
        "weights.npz": arrays.getvalue(),
    }
    network = Network(
        architecture=architecture,
        onnx="model.onnx",
        keras="model.keras",
        kernels="weights.npz",
        layers=shown,
        averaged=averaged_layer(model),
        parameters=model.count_params(),
    )
    return network, files


def encode_keras(model: keras.Model) -> bytes:
    """Return the model as a compressed `.keras` file."""
    with tempfile.TemporaryDirectory() as folder:
        path, packed = Path(folder) / "model.keras", io.BytesIO()
        model.save(path)
        with zipfile.ZipFile(path) as plain, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as small:
            for entry in plain.infolist():
                small.writestr(entry.filename, plain.read(entry))
        return packed.getvalue()


def load_keras_model(artifact: Artifact, network: str) -> keras.Model:
    """Load one of an artifact's networks as a Keras model, for fine-tuning."""
    entry = artifact.card.networks.get(network)
    if entry is None or entry.keras is None:
        raise ArtifactError(
            f"{artifact.version} has no Keras file of the network '{network}' and cannot be fine-tuned."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(artifact.read_bytes(entry.keras))
        return keras.models.load_model(path)


def encode_onnx(model: keras.Model, shown: Sequence[Layer], *, half: bool = False) -> bytes:
    """Return the ONNX file of the model, with the outputs `logits` and every shown layer, channels last as in Keras.

    `half` stores weights in half precision; they are cast once, when the network is loaded.
    """
    graph = _Graph(fold_kernels(model), frozenset(layer.name for layer in shown), half)
    image = model.inputs[0]
    graph.add("Transpose", source=image.name, perm=[0, 3, 1, 2])
    for layer in model.layers:
        _append_layer(graph, layer)
    shapes = {layer.name: (None, *layer.shape) for layer in shown} | {"logits": model.outputs[0].shape}
    onnx_model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            model.name,
            [_describe_tensor(image.name, image.shape)],
            [_describe_tensor(name, shape) for name, shape in shapes.items()],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="digitscribe",
    )
    onnx.checker.check_model(onnx_model, full_check=True)
    return onnx_model.SerializeToString()


def _describe_tensor(name: str, shape: Sequence[int | None]) -> onnx.ValueInfoProto:
    """Declare a tensor; a size that varies gets a name instead of a number."""
    sizes = [f"{name}_{axis}" if size is None else size for axis, size in enumerate(shape)]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *sizes[1:]])


class _Graph:
    """A chain of ONNX nodes under construction.

    Inside the chain feature maps are (N, channels, height, width); shown ones are transposed to channels last.
    """

    def __init__(self, weights: Mapping[str, Floats], shown: frozenset[str], half: bool) -> None:
        self.weights = weights
        self.shown = shown
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.last = ""

    def add_constant(self, name: str, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """Store an array and return its name."""
        if not self.half or value.dtype != np.float32:
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
            return name
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value.astype(np.float16)), f"{name}_half"))
        self.nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
        return name

    def add(
        self, kind: str, *constants: str, source: str | None = None, to: str | None = None, **options: object
    ) -> str:
        """Append a node to the chain, or to `source`, and return the name of its output."""
        to = to or f"step{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [source or self.last, *constants], [to], **options))
        self.last = to
        return to

    def show(self, name: str) -> None:
        """Add a side output with the last feature maps, if the layer of that name is shown."""
        if name in self.shown:
            end_of_chain = self.last
            self.add("Transpose", to=name, perm=[0, 2, 3, 1])
            self.last = end_of_chain


def _append_layer(graph: _Graph, layer: keras.Layer) -> None:
    """Append a layer of any kind that the architectures use."""
    weights = graph.weights
    match layer:
        case layers.Conv2D():  # normalisation is already folded into the kernel
            name = layer.name.replace("kernel", "conv")
            kernel = graph.add_constant(f"{name}_kernel", weights[name].transpose(3, 2, 0, 1))
            pads = [size // 2 if layer.padding == "same" else 0 for size in layer.kernel_size] * 2
            graph.add("Conv", kernel, graph.add_constant(f"{name}_bias", weights[f"{name}_bias"]), pads=pads)
        case layers.ReLU():
            graph.add("Relu")
            graph.show(layer.name)
        case layers.MaxPooling2D():
            graph.add("MaxPool", kernel_shape=list(layer.pool_size), strides=list(layer.strides))
            graph.show(layer.name)
        case layers.GlobalAveragePooling2D():
            graph.add("GlobalAveragePool")
            graph.add("Flatten")
        case layers.Flatten():  # flattened in Keras's order, channels last
            graph.add("Transpose", perm=[0, 2, 3, 1])
            graph.add("Flatten")
        case layers.Dense():
            kernel = graph.add_constant(f"{layer.name}_kernel", weights[layer.name])
            last = "logits" if layer.name == "logits" else None
            graph.add("Gemm", kernel, graph.add_constant(f"{layer.name}_bias", weights[f"{layer.name}_bias"]), to=last)
            if layer.activation is keras.activations.relu:
                graph.add("Relu")
        case layers.Reshape():  # the maps of a line are one row high; each column is a step
            graph.add("Transpose", perm=[0, 2, 3, 1])
            steps = np.array([0, -1, *layer.target_shape[1:]], np.int64)
            graph.add("Reshape", graph.add_constant(f"{layer.name}_shape", steps), to=layer.name)
        case layers.InputLayer() | layers.BatchNormalization() | layers.Dropout():
            pass
        case _:
            raise TypeError(f"Layer {layer.name} is a {type(layer).__name__}, which the export does not support.")
