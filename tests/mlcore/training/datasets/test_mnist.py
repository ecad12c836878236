import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mlcore.training.datasets.mnist import IDX_FILES, DataError, Digits, load_folder, load_split
from tests.pictures import digit_png, encode


def write_idx(folder: Path, name: str, values: NDArray[np.uint8], *, zipped: bool = False) -> None:
    header = b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}i", *values.shape)
    data = header + values.tobytes()
    (folder / (name + ".gz" * zipped)).write_bytes(gzip.compress(data) if zipped else data)


@pytest.fixture
def idx(tmp_path: Path) -> Path:
    """A folder of 200 zipped training images and 50 test images; the pixels of each are its index."""
    for (images, labels), count, zipped in zip(IDX_FILES.values(), (200, 50), (True, False), strict=True):
        pixels = np.arange(count, dtype=np.uint8)[:, None, None].repeat(28, 1).repeat(28, 2)
        write_idx(tmp_path, images, pixels, zipped=zipped)
        write_idx(tmp_path, labels, (np.arange(count) % 10).astype(np.uint8), zipped=zipped)
    return tmp_path


def test_idx_files_are_read_zipped_or_not(idx: Path) -> None:
    split = load_split(idx)
    assert (len(split.train), len(split.validation), len(split.test)) == (180, 20, 50)
    assert (split.test.images[7] == 7).all()
    assert split.test.labels[17] == 7


def test_every_training_image_is_in_exactly_one_part(idx: Path) -> None:
    split = load_split(idx)
    parts = np.concatenate([split.train.images[:, 0, 0], split.validation.images[:, 0, 0]])
    assert sorted(parts) == list(range(200))
    both = zip([*split.train.labels, *split.validation.labels], parts, strict=True)
    assert all(label == number % 10 for label, number in both)


def test_the_split_is_the_same_every_time(idx: Path) -> None:
    assert load_split(idx).validation.digest == load_split(idx).validation.digest


@pytest.mark.slow
def test_a_failed_download_says_how_to_pass_the_files(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    program = """
from mlcore.training.datasets.mnist import DataError, load_split
try:
    load_split(None)
except DataError as error:
    print(error)
"""
    dead_proxy = "http://127.0.0.1:9"  # the discard port, on which nothing answers
    environment = {**os.environ, "KERAS_HOME": str(tmp_path), "HTTPS_PROXY": dead_proxy, "https_proxy": dead_proxy}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "MNIST could not be downloaded" in done.stdout
    assert "Pass its files with --data PATH." in done.stdout


def test_an_npz_like_that_of_keras_is_read(tmp_path: Path) -> None:
    images, labels = np.zeros((30, 28, 28), np.uint8), np.arange(30) % 10
    np.savez(tmp_path / "m.npz", x_train=images, y_train=labels, x_test=images[:5], y_test=labels[:5])
    split = load_split(tmp_path / "m.npz")
    assert len(split.test) == 5
    assert split.train.labels.dtype == np.uint8


def test_a_missing_file_is_named(idx: Path) -> None:
    (idx / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="t10k-labels"):
        load_split(idx)


@pytest.mark.parametrize("length", [0, 3, 10, 500])
def test_a_truncated_file_is_damaged(idx: Path, length: int) -> None:
    path = idx / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match="damaged"):
        load_split(idx)


def test_an_npz_with_other_arrays_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", images=np.zeros(3))
    with pytest.raises(DataError, match="neither"):
        load_split(tmp_path / "m.npz")


def test_images_and_labels_must_match() -> None:
    with pytest.raises(DataError):
        Digits(np.zeros((3, 28, 28), np.uint8), np.zeros(2, np.uint8))


def test_own_pictures_are_prepared_as_the_reader_does(tmp_path: Path) -> None:
    for label, count in (("7", 2), ("none", 1)):
        (tmp_path / label).mkdir()
        for number in range(count):
            (tmp_path / label / f"{number}.png").write_bytes(digit_png(7, size=200, seed=number))
    own = load_folder(tmp_path)
    assert own.labels.tolist() == [7, 7, 10]
    rows = np.flatnonzero(own.images[0].max(axis=1) > 40)
    assert rows[-1] - rows[0] + 1 in range(18, 22)  # in MNIST's frame a digit is 20 px high


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no pictures"):
        load_folder(tmp_path)


def test_a_damaged_own_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DataError, match=r"bad\.png"):
        load_folder(tmp_path)


def test_a_blank_picture_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "blank.png").write_bytes(encode(Image.new("L", (60, 60), 255)))
    with pytest.raises(DataError, match=r"blank\.png shows no ink"):
        load_folder(tmp_path)


def test_a_folder_among_the_pictures_is_named(tmp_path: Path) -> None:
    (tmp_path / "7" / "more").mkdir(parents=True)
    with pytest.raises(DataError, match="more is a folder"):
        load_folder(tmp_path)
