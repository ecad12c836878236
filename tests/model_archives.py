"""ZIP files with models, as they are and hostile ones, whose digests fit the files."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from mlcore.artifact import CARD, SHIPPED


def model_files(version: str = "digits-uploaded", **changes: bytes) -> dict[str, bytes]:
    """Return the shipped model's files under another name. Changes replace files; `_` in a name stands for a dot."""
    card = json.loads((SHIPPED / CARD).read_bytes())
    files = {name: (SHIPPED / name).read_bytes() for name in card["files"]}
    files |= {name.replace("_", "."): content for name, content in changes.items()}
    return files | {CARD: write_card(card | {"version": version}, files)}


def write_card(card: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != CARD}
    return json.dumps(card | {"files": digests}).encode()


def change_card(files: dict[str, bytes], **values: Any) -> dict[str, bytes]:
    return files | {CARD: json.dumps(json.loads(files[CARD]) | values).encode()}


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def keras_entries() -> dict[str, bytes]:
    with zipfile.ZipFile(SHIPPED / "model.keras") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def keras_with(change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return the shipped Keras file with a change of its configuration."""
    entries = keras_entries()
    config = json.loads(entries["config.json"])
    change(config)
    return zipped(entries | {"config.json": json.dumps(config).encode()}, zipfile.ZIP_DEFLATED)


def add_lambda(config: dict[str, Any]) -> None:
    """Add a layer that runs code when the file is loaded."""
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}}
    layer = {"class_name": "Lambda", "module": "keras.layers", "registered_name": None, "config": {"function": code}}
    config["config"]["layers"].insert(1, layer)


def hostile_archives() -> list[tuple[bytes, str]]:
    """Return archives that must be refused, each with a part of the reason."""
    files = model_files("meters")
    return [
        (zipped(model_files("meters", model_keras=keras_with(add_lambda))), "not allowed: Lambda"),
        (zipped(files | {"model.onnx": b"other"}), "damaged or was replaced"),
        (zipped({f"../{CARD}": files[CARD]}), "name that is not allowed"),
        (zipped({"model.onnx": b"\0" * 70_000_000}, zipfile.ZIP_DEFLATED), "too large when unpacked"),
        (b"no archive", "The ZIP file is damaged"),
        (zipped(model_files("digits-10")), "The name digits-10 is reserved"),
    ]
