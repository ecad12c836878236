"""Labelled digits: MNIST by Keras's own download, from a folder, or pictures of somebody's own."""

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.decode import decode
from mlcore.reading.errors import PictureError
from mlcore.reading.ink import find_ink
from mlcore.reading.normalise import normalise

SIDE = 28
VALIDATION = 5_000  # images of the training set kept for every choice
IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


class DataError(Exception):
    """The training data is missing or not what it should be."""


@dataclass(frozen=True)
class Digits:
    """Images in MNIST's frame and their labels; label 10 is "not a digit"."""

    images: NDArray[np.uint8]  # (N, 28, 28), ink is 255
    labels: NDArray[np.uint8]  # (N,) 0..10

    def __post_init__(self) -> None:
        if self.images.shape != (len(self.labels), SIDE, SIDE) or self.images.dtype != np.uint8:
            raise DataError(f"Expected (N, 28, 28) uint8 images with a label each, got {self.images.shape}.")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: NDArray[np.intp] | slice) -> "Digits":
        return Digits(self.images[which], self.labels[which])

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.images.tobytes() + self.labels.tobytes()).hexdigest()


def joined(parts: Iterable[Digits]) -> Digits:
    listed = list(parts)
    return Digits(np.concatenate([p.images for p in listed]), np.concatenate([p.labels for p in listed]))


@dataclass(frozen=True)
class Split:
    train: Digits
    validation: Digits  # chosen by data alone: the same for every seed
    test: Digits  # for the report


def load_split(source: Path | None) -> Split:
    """MNIST's 60,000 and 10,000; `source` is a folder of IDX files or an .npz, None downloads."""
    train, test = _downloaded() if source is None else _from_path(source)
    order = np.random.default_rng(0).permutation(len(train))
    held_out = min(VALIDATION, len(train) // 10)
    return Split(train[order[held_out:]], train[order[:held_out]], test)


def load_folder(folder: Path) -> Digits:
    """Pictures in `<label>/*`, labels 0 to 9 or `none`, prepared exactly as the reader prepares them."""
    images, labels = [], []
    for label in (*map(str, range(10)), "none"):
        for path in sorted((folder / label).glob("*")):
            try:
                picture = decode(path.read_bytes())
            except PictureError as error:
                raise DataError(f"{path}: {error.detail}") from error
            except IsADirectoryError as error:
                raise DataError(f"{path} is a folder: the pictures of a label lie side by side.") from error
            strength = find_ink(picture.pixels).strength
            if not strength.any():
                raise DataError(f"{path} shows nothing that could be learnt.")
            images.append(normalise(strength))
            labels.append(10 if label == "none" else int(label))
    if not images:
        raise DataError(f"{folder} holds no pictures: expected folders 0 to 9 (and none) with images.")
    return Digits(np.stack(images), np.array(labels, np.uint8))


def _downloaded() -> tuple[Digits, Digits]:
    import keras

    try:
        (images, labels), (test_images, test_labels) = keras.datasets.mnist.load_data()  # checks its SHA-256
    except Exception as error:  # Keras has no narrower one for a host that cannot be reached
        raise DataError(f"MNIST could not be downloaded: {error}. Give its files with --data PATH.") from error
    return Digits(images, labels), Digits(test_images, test_labels)


def _from_path(source: Path) -> tuple[Digits, Digits]:
    if source.is_dir():
        train, test = (Digits(*(_idx(source, name) for name in IDX_FILES[part])) for part in IDX_FILES)
        return train, test
    try:
        with np.load(source, allow_pickle=False) as arrays:
            return (
                Digits(arrays["x_train"], arrays["y_train"].astype(np.uint8)),
                Digits(arrays["x_test"], arrays["y_test"].astype(np.uint8)),
            )
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{source} is neither a folder of IDX files nor an .npz like Keras's: {error}") from error


def _idx(folder: Path, name: str) -> NDArray[np.uint8]:
    """One file of Yann LeCun's format, gzipped or not."""
    path = folder / name
    try:
        raw = path.read_bytes() if path.exists() else gzip.decompress((folder / f"{name}.gz").read_bytes())
    except (OSError, EOFError) as error:
        raise DataError(f"{folder} lacks a readable {name} or {name}.gz.") from error
    dimensions = raw[3] if raw[:3] == b"\0\0\x08" and len(raw) > 3 else 0  # of unsigned bytes
    start = 4 + 4 * dimensions
    if not dimensions or len(raw) < start:
        raise DataError(f"{path} is damaged.")
    shape = np.frombuffer(raw[4:start], ">i4")  # big-endian sizes
    values = np.frombuffer(raw[start:], np.uint8)
    if values.size != np.prod(shape):
        raise DataError(f"{path} is damaged.")
    return values.reshape(shape)
