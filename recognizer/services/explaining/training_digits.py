"""The embeddings of training digits: written by a command into the storage, read from this machine's disk.

The arrays are mapped into memory, so that all processes share them and a search reads only what it compares.
"""

import io
import json
import shutil
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from numpy.typing import NDArray

from mlcore.atomic_files import make_folder_atomic
from mlcore.explaining.neighbours import embed
from recognizer.models import ModelVersion
from recognizer.services.explaining.explanations import explainer_of
from recognizer.services.registry.model_versions import models

INDEX = "index.json"  # written last: where it is, the arrays are
EMBEDDED_DIGITS = 20_000  # 22 MB on the disk
ARRAYS = ("images", "labels", "vectors")


@dataclass(frozen=True)
class TrainingDigits:
    """Digits that a model learnt from, with the network's embedding of each."""

    images: NDArray[np.uint8]  # (N, 28, 28)
    labels: NDArray[np.uint8]  # (N,)
    vectors: NDArray[np.float32]  # (N, width), each of length 1


class TrainingDigitsCache:
    """The training digits that this process has opened, by version. A new index is noticed within seconds."""

    ASK_EVERY_SECONDS = 30.0

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.opened: dict[str, tuple[float, str, TrainingDigits | None]] = {}  # digest: asked at, key, digits

    def fetch(self, version: ModelVersion) -> TrainingDigits | None:
        """Return the training digits of a version, or None if no command has embedded them."""
        with self.lock:
            asked_at, key, digits = self.opened.get(version.digest, (-float("inf"), "", None))
            if time.monotonic() - asked_at < self.ASK_EVERY_SECONDS:
                return digits
            stored = _read_key(version)
            if stored != key:
                digits = _open_arrays(version, stored) if stored else None
            self.opened[version.digest] = (time.monotonic(), stored, digits)
            return digits


training_digits = TrainingDigitsCache()


def store_training_digits(version: ModelVersion, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """Embed the digits with this version and write them to the storage, in place of those of an earlier call."""
    vectors = embed(explainer_of(models.model(version).reader.engine), images)
    key, earlier = uuid.uuid4().hex, _read_key(version)
    arrays: dict[str, NDArray[Any]] = {"images": images, "labels": labels, "vectors": vectors}
    for name, array in arrays.items():
        content = io.BytesIO()
        np.save(content, array, allow_pickle=False)
        default_storage.save(_stored_name(version, f"{key}-{name}.npy"), ContentFile(content.getvalue()))
    index = json.dumps({"key": key, "digits": len(images)})
    default_storage.save(_stored_name(version, INDEX), ContentFile(index.encode()))
    for name in ARRAYS if earlier else ():
        default_storage.delete(_stored_name(version, f"{earlier}-{name}.npy"))


def embed_training_digits(version: ModelVersion, data: Path | None, count: int = EMBEDDED_DIGITS) -> int:
    """Embed some of MNIST's training digits, which every model learns from, and return their number."""
    from mlcore.training.datasets.mnist import load_split

    train = load_split(data).train[:count]  # they are in random order
    store_training_digits(version, train.images, train.labels)
    return len(train)


def _read_key(version: ModelVersion) -> str:
    """Return the key that begins the names of the stored arrays, or an empty text."""
    try:
        with default_storage.open(_stored_name(version, INDEX)) as file:
            return str(json.loads(file.read())["key"])
    except FileNotFoundError:
        return ""


def _open_arrays(version: ModelVersion, key: str) -> TrainingDigits | None:
    """Map the arrays into memory. The first process of a machine copies them from the storage."""
    folder = Path(settings.MODEL_CACHE_ROOT) / f"{version.digest}-digits-{key}"
    try:
        if not folder.is_dir():
            _copy_from_storage(version, key, folder)
    except FileNotFoundError:  # a command has just replaced them
        return None
    images, labels, vectors = (np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAYS)
    return TrainingDigits(images, labels, vectors)


def _copy_from_storage(version: ModelVersion, key: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with make_folder_atomic(folder) as part:
            for name in ARRAYS:
                stored = _stored_name(version, f"{key}-{name}.npy")
                with default_storage.open(stored) as source, (part / f"{name}.npy").open("wb") as target:
                    shutil.copyfileobj(source, target)
    except OSError:
        if not folder.is_dir():  # otherwise another process was faster
            raise
    for old in folder.parent.glob(f"{version.digest}-digits-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)  # processes that have mapped it keep its content


def _stored_name(version: ModelVersion, name: str) -> str:
    return f"embeddings/{version.digest}/{name}"
