"""Tests of the checks of ONNX, Keras and kernel files, with hostile ones."""

import io
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest

from mlcore.artifact import SHIPPED
from mlcore.untrusted.archive import MAX_UNPACKED_BYTES, UntrustedError
from mlcore.untrusted.keras_file import check_hdf5, check_keras, check_kernels
from mlcore.untrusted.onnx_file import check_onnx
from tests.model_archives import add_lambda, keras_entries, keras_with, zipped


def test_the_shipped_files_are_allowed():
    for name in ("model.onnx", "lines.onnx"):
        check_onnx((SHIPPED / name).read_bytes())
    for name in ("model.keras", "lines.keras"):
        check_keras((SHIPPED / name).read_bytes())
    check_kernels((SHIPPED / "weights.npz").read_bytes())


# --- ONNX ---------------------------------------------------------------------------------------------------------


def use_external_data(model: Any) -> None:
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = 1
    entry = weights.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"


def only_claim_external_data(model: Any) -> None:
    model.graph.initializer[0].data_location = 1


def use_custom_operator(model: Any) -> None:
    model.graph.node[1].op_type = "RunCommand"


def use_custom_domain(model: Any) -> None:
    model.graph.node[1].domain = "com.example"


def import_custom_domain(model: Any) -> None:
    model.opset_import.add(domain="com.microsoft", version=1)


def use_operator_with_subgraph(model: Any) -> None:
    attribute = model.graph.node[1].attribute.add(name="body", type=5)
    attribute.g.name = "body"


def define_function(model: Any) -> None:
    model.functions.add(name="Relu", domain="")


def use_sparse_weights(model: Any) -> None:
    model.graph.sparse_initializer.add()


def use_constant_with_external_tensor(model: Any) -> None:
    attribute = model.graph.node[1].attribute.add(name="value", type=4)
    attribute.t.data_location = 1


def pad_without_end(model: Any) -> None:
    node = next(node for node in model.graph.node if node.op_type == "Conv")
    node.attribute[0].ints[0] = 1_000_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (use_external_data, "external data"),
        (only_claim_external_data, "elsewhere"),
        (use_custom_operator, "RunCommand"),
        (use_custom_domain, "not allowed"),
        (import_custom_domain, "not part of ONNX"),
        (use_operator_with_subgraph, "not allowed"),
        (define_function, "functions"),
        (use_sparse_weights, "not allowed"),
        (use_constant_with_external_tensor, "not allowed"),
        (pad_without_end, "impossible size"),
    ],
)
def test_hostile_onnx_files_are_refused(change: Callable[[Any], None], message: str):
    onnx = pytest.importorskip("onnx")
    model = onnx.load_model_from_string((SHIPPED / "model.onnx").read_bytes())
    change(model)
    with pytest.raises(UntrustedError, match=message):
        check_onnx(model.SerializeToString())


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 50, b"\x3a\x05abc", b"\x08", b"\x3b", b"hello"])
def test_damaged_onnx_files_are_refused(data: bytes):
    with pytest.raises(UntrustedError):
        check_onnx(data)


# --- Keras --------------------------------------------------------------------------------------------------------


def dense_layer(config: dict[str, Any]) -> dict[str, Any]:
    return next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Dense")


def hide_class_in_other_module(config: dict[str, Any]) -> None:
    config["config"]["layers"][1]["module"] = "os"


def register_other_class(config: dict[str, Any]) -> None:
    config["config"]["layers"][1]["registered_name"] = "evil>Layer"


def call_function(config: dict[str, Any]) -> None:
    dense_layer(config)["config"]["activation"] = {"module": "builtins", "config": "exec"}


def name_function(config: dict[str, Any]) -> None:
    dense_layer(config)["config"]["activation"] = "os>system"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (add_lambda, "layer that is not allowed: Lambda"),
        (hide_class_in_other_module, "layer that is not allowed"),
        (register_other_class, "layer that is not allowed"),
        (call_function, "function that is not allowed"),
        (name_function, "function that is not allowed"),
    ],
)
def test_hostile_keras_files_are_refused(change: Callable[[dict[str, Any]], None], message: str):
    with pytest.raises(UntrustedError, match=message):
        check_keras(keras_with(change))


def test_keras_files_with_other_members_or_a_damaged_configuration_are_refused():
    entries = keras_entries()
    with pytest.raises(UntrustedError, match="other files"):
        check_keras(zipped(entries | {"assets.py": b"import os"}))
    for config in (b"[", b"[" * 100_000, b"[" * 500 + b"]" * 500):
        with pytest.raises(UntrustedError):
            check_keras(zipped(entries | {"config.json": config}))


def hdf5_with(change: Callable[[h5py.File], object]) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        change(file)
    return content.getvalue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.__setitem__("w", h5py.ExternalLink("/etc/secrets.h5", "/x")), "refer to other files"),
        (lambda file: file.__setitem__("w", h5py.SoftLink("/elsewhere")), "refer to other files"),
        (
            lambda file: file.create_dataset("w", (4,), "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]),
            "not plain arrays",
        ),
        (lambda file: file.create_dataset("w", data=["x"], dtype=h5py.string_dtype()), "not plain arrays"),
        (lambda file: file.create_dataset("w", (MAX_UNPACKED_BYTES,), "f4", chunks=True), "too large"),
        (lambda file: [file.create_group(f"g{number}") for number in range(1_001)], "too many parts"),
    ],
)
def test_weights_that_are_not_plain_arrays_are_refused(change: Callable[[h5py.File], object], message: str):
    with pytest.raises(UntrustedError, match=message):
        check_hdf5(hdf5_with(change))


# --- Kernels ------------------------------------------------------------------------------------------------------


def npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.lib.format.write_array(content, array, version=(1, 0))
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        npy(np.ones((2, 3), np.float32)) + b"more",
        npy(np.ones((2, 3), np.float32)).replace(b"(2, 3)", b"(9, 9)"),
        npy(np.array([{"a": 1}], object)),  # a pickle
        npy(np.ones(3, np.int64)),
    ],
)
def test_kernels_that_are_not_what_their_header_says_are_refused(content: bytes):
    check_kernels(zipped({"conv1.npy": npy(np.ones((2, 3), np.float32))}))
    with pytest.raises(UntrustedError):
        check_kernels(zipped({"conv1.npy": content}))
