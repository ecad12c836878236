"""Tests of the process that verifies an uploaded artifact."""

import json
from typing import Any

import pytest

from mlcore.artifact import CARD
from mlcore.untrusted.archive import UntrustedError
from mlcore.untrusted.verification import verify_archive
from tests.model_archives import add_lambda, change_card, keras_with, model_files, write_card, zipped


def test_the_shipped_model_under_another_name_is_verified(tmp_path):
    artifact = verify_archive(zipped(model_files("mine")), tmp_path)
    assert (artifact.version, artifact.folder) == ("mine", tmp_path)


def test_a_wrong_digest_is_refused(tmp_path):
    files = model_files()
    broken = files | {"lines.onnx": files["lines.onnx"] + b"\0"}
    with pytest.raises(UntrustedError, match="damaged or was replaced"):
        verify_archive(zipped(broken), tmp_path)


def test_a_lambda_layer_is_refused(tmp_path):
    with pytest.raises(UntrustedError, match="Lambda"):
        verify_archive(zipped(model_files(model_keras=keras_with(add_lambda))), tmp_path)


@pytest.mark.parametrize(
    "values",
    [
        {"version": "../other"},
        {"version": ["x"]},
        {"temperature": float("inf")},
        {"thresholds": {"read": "high"}},
        {"metrics": ["x"]},
        {"training": {"start": "me"}},
        {"networks": {}},
        {"format": 2},
    ],
    ids=lambda values: next(iter(values)),
)
def test_cards_with_other_values_are_refused(values: dict[str, Any], tmp_path):
    with pytest.raises(UntrustedError):
        verify_archive(zipped(change_card(model_files(), **values)), tmp_path)


def test_files_that_no_network_uses_are_refused(tmp_path):
    files = model_files() | {"readme.txt": b"hello"}
    with pytest.raises(UntrustedError, match="other files"):
        verify_archive(zipped(files), tmp_path)
    listed = files | {CARD: write_card(json.loads(files[CARD]), files)}
    with pytest.raises(UntrustedError, match="other files"):
        verify_archive(zipped(listed), tmp_path)


def test_networks_of_other_shapes_are_refused(tmp_path):
    files = model_files()
    card = json.loads(files[CARD])
    card["networks"]["digit"]["layers"][0]["shape"] = [28, 28, 15]
    with pytest.raises(UntrustedError, match="other outputs"):
        verify_archive(zipped(files | {CARD: json.dumps(card).encode()}), tmp_path)
    with pytest.raises(UntrustedError):
        verify_archive(zipped(model_files(model_onnx=files["lines.onnx"])), tmp_path)


def test_a_network_that_needs_too_much_memory_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    model = onnx.load_model_from_string(model_files()["model.onnx"])
    for node in model.graph.node:
        if node.op_type == "Conv":
            pads = next(attribute for attribute in node.attribute if attribute.name == "pads")
            pads.ints[:] = [64] * 4
    with pytest.raises(UntrustedError):
        verify_archive(zipped(model_files(model_onnx=model.SerializeToString())), tmp_path)


def test_an_archive_without_a_card_is_refused(tmp_path):
    with pytest.raises(UntrustedError, match=r"card.json is missing"):
        verify_archive(zipped({"model.onnx": b""}), tmp_path)
    with pytest.raises(UntrustedError):
        verify_archive(zipped({}), tmp_path)
