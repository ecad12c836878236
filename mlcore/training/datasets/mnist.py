"""Labelled digits from MNIST, which Keras downloads, from a folder, or from a user's own pictures."""

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.files.decode import decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.ink.extraction import find_ink
from mlcore.reading.layout.normalise import normalise

SIDE = 28
VALIDATION_SIZE = 5_000  # images of the training set that are held out for every choice
IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


class DataError(Exception):
    """The training data is missing, damaged or of the wrong form."""


@dataclass(frozen=True)
class Digits:
    """Images in MNIST's frame and their labels; label 10 means "not a digit"."""

    images: NDArray[np.uint8]  # (N, 28, 28), ink is 255
    labels: NDArray[np.uint8]  # (N,) 0..10

    def __post_init__(self) -> None:
        if self.images.shape != (len(self.labels), SIDE, SIDE) or self.images.dtype != np.uint8:
            raise DataError(f"Expected (N, 28, 28) uint8 images with one label each, got {self.images.shape}.")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, selection: NDArray[np.intp] | slice) -> "Digits":
        return Digits(self.images[selection], self.labels[selection])

    @property
    def digest(self) -> str:
        """Return the SHA-256 of images and labels."""
        return hashlib.sha256(self.images.tobytes() + self.labels.tobytes()).hexdigest()


def concatenate(parts: Sequence[Digits]) -> Digits:
    return Digits(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))


@dataclass(frozen=True)
class Split:
    """MNIST in three parts, of which only the first is learnt from."""

    train: Digits
    validation: Digits  # for every choice; it does not depend on the training's seed
    test: Digits  # for the report only


def load_split(source: Path | None) -> Split:
    """Load MNIST from a folder of IDX files or an .npz; without `source`, download it."""
    train, test = _download() if source is None else _load_path(source)
    order = np.random.default_rng(0).permutation(len(train))
    held_out = min(VALIDATION_SIZE, len(train) // 10)
    return Split(train[order[held_out:]], train[order[:held_out]], test)


def load_folder(folder: Path) -> Digits:
    """Load the pictures in `<label>/*`, labels 0 to 9 or `none`, and prepare them as the reader does."""
    images, labels = [], []
    for label in (*map(str, range(10)), "none"):
        for path in sorted((folder / label).glob("*")):
            try:
                picture = decode(path.read_bytes())
            except PictureError as error:
                raise DataError(f"{path}: {error.detail}") from error
            except IsADirectoryError as error:
                raise DataError(f"{path} is a folder. Put the pictures of a label directly into its folder.") from error
            strength = find_ink(picture.pixels).strength
            if not strength.any():
                raise DataError(f"{path} shows no ink.")
            images.append(normalise(strength))
            labels.append(10 if label == "none" else int(label))
    if not images:
        raise DataError(f"{folder} holds no pictures. Expected folders 0 to 9 and none with images in them.")
    return Digits(np.stack(images), np.array(labels, np.uint8))


def _download() -> tuple[Digits, Digits]:
    import keras

    try:
        (images, labels), (test_images, test_labels) = keras.datasets.mnist.load_data()  # verifies its SHA-256
    except Exception as error:  # Keras raises a bare Exception when the host cannot be reached
        raise DataError(f"MNIST could not be downloaded: {error}. Pass its files with --data PATH.") from error
    return Digits(images, labels), Digits(test_images, test_labels)


def _load_path(source: Path) -> tuple[Digits, Digits]:
    if source.is_dir():
        train, test = (Digits(*(_load_idx(source, name) for name in IDX_FILES[part])) for part in IDX_FILES)
        return train, test
    try:
        with np.load(source, allow_pickle=False) as arrays:
            return (
                Digits(arrays["x_train"], arrays["y_train"].astype(np.uint8)),
                Digits(arrays["x_test"], arrays["y_test"].astype(np.uint8)),
            )
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{source} is neither a folder of IDX files nor an .npz like Keras's: {error}") from error


def _load_idx(folder: Path, name: str) -> NDArray[np.uint8]:
    """Load one file in the IDX format, gzipped or not."""
    path = folder / name
    try:
        raw = path.read_bytes() if path.exists() else gzip.decompress((folder / f"{name}.gz").read_bytes())
    except (OSError, EOFError) as error:
        raise DataError(f"{folder} lacks a readable {name} or {name}.gz.") from error
    dimensions = raw[3] if raw[:3] == b"\0\0\x08" and len(raw) > 3 else 0  # header of unsigned bytes
    start = 4 + 4 * dimensions
    if not dimensions or len(raw) < start:
        raise DataError(f"{path} is damaged.")
    shape = np.frombuffer(raw[4:start], ">i4")  # big-endian sizes
    values = np.frombuffer(raw[start:], np.uint8)
    if values.size != np.prod(shape):
        raise DataError(f"{path} is damaged.")
    return values.reshape(shape)
