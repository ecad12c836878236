"""Plain PNG files give the same pixels as under Pillow; others are left to it."""

import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from mlcore.reading.files import decode as module
from mlcore.reading.files.decode import decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.files.plain_png import MAX_CHUNKS, MAX_PACKED, decode_plain_png, png_chunks
from tests.pictures import draw_digit, encode


def decode_with_pillow(data: bytes, monkeypatch: pytest.MonkeyPatch) -> np.ndarray | str:
    with monkeypatch.context() as patched:
        patched.setattr(module, "decode_plain_png", lambda data: None)
        return pixels_or_error(data)


def pixels_or_error(data: bytes) -> np.ndarray | str:
    try:
        return decode(data).pixels
    except PictureError as error:
        return error.code


def noise(mode: str) -> Image.Image:
    channels = len(Image.new(mode, (1, 1)).getbands())
    levels = np.random.default_rng(0).integers(0, 256, (37, 53, channels), np.uint8)
    return Image.fromarray(levels.squeeze(), mode)


def make_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def repair_checksums(data: bytes) -> bytes:
    at, repaired = 8, data[:8]
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        repaired += make_chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length])
        at += 12 + length
    return repaired


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_pixels_are_those_of_pillow(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(noise(mode))
    pixels = decode_plain_png(data)
    assert pixels is not None
    assert np.array_equal(pixels, decode_with_pillow(data, monkeypatch))


def test_an_opaque_picture_of_a_canvas_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(draw_digit(3).convert("RGBA"))
    pixels = decode_plain_png(data)
    assert pixels is not None
    assert np.array_equal(pixels, decode_with_pillow(data, monkeypatch))


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16"])
def test_other_colours_are_left_to_pillow(mode: str) -> None:
    image = noise("RGBA") if mode in ("RGBA", "LA") else draw_digit(3, size=60).convert("L")
    data = encode(Image.fromarray(np.asarray(image, np.uint16)) if mode == "I;16" else image.convert(mode))
    assert decode_plain_png(data) is None
    assert decode(data).pixels.shape[2] == 3


def test_a_turned_interlaced_or_animated_picture_is_left_to_pillow() -> None:
    image = draw_digit(3, size=60)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_plain_png(encode(image, exif=exif)) is None
    assert decode_plain_png(encode(image, save_all=True, append_images=[draw_digit(4, size=60)])) is None
    interlaced = bytearray(encode(image))
    interlaced[28] = 1
    assert decode_plain_png(repair_checksums(bytes(interlaced))) is None


def test_the_resolution_changes_nothing() -> None:
    assert decode_plain_png(encode(draw_digit(3, size=60), dpi=(300, 300))) is not None


@pytest.mark.parametrize("keyword", ["exif", "Raw profile type exif", "XML:com.adobe.xmp"])
def test_text_is_left_to_pillow_because_it_may_turn_the_picture(keyword: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    text = PngImagePlugin.PngInfo()
    text.add_text(keyword, exif.tobytes().hex())
    assert decode_plain_png(encode(draw_digit(3, size=60), pnginfo=text)) is None


def test_a_small_picture_with_much_behind_it_is_left_to_pillow() -> None:
    header = struct.pack(">IIBBBBB", 40, 20, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(100_000_000))
    data = b"\x89PNG\r\n\x1a\n" + make_chunk(b"IHDR", header) + make_chunk(b"IDAT", packed) + make_chunk(b"IEND", b"")
    assert len(data) > MAX_PACKED
    assert decode_plain_png(data) is None
    assert decode(data).pixels.shape == (20, 40, 3)


def test_a_file_of_many_chunks_is_left_to_pillow() -> None:
    data = encode(draw_digit(3, size=60))
    empty = make_chunk(b"IDAT", b"")
    assert decode_plain_png(data[:33] + (MAX_CHUNKS - 10) * empty + data[33:]) is not None
    assert decode_plain_png(data[:33] + MAX_CHUNKS * empty + data[33:]) is None


def test_a_wrong_checksum_is_seen_before_libpng_complains_to_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    data = encode(draw_digit(3, size=60))
    assert all(is_whole for _, is_whole in png_chunks(data))
    damaged = bytearray(data)
    damaged[60] ^= 1
    assert not all(is_whole for _, is_whole in png_chunks(bytes(damaged)))
    assert decode_plain_png(bytes(damaged)) is None
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("seed", range(40))
def test_damage_under_right_checksums_ends_as_under_pillow(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    damaged = bytearray(encode(draw_digit(seed % 10, size=60)))
    damaged[rng.randrange(33, len(damaged) - 12)] ^= 1 << rng.randrange(8)
    data = repair_checksums(bytes(damaged))
    assert np.array_equal(pixels_or_error(data), decode_with_pillow(data, monkeypatch))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_file_that_is_cut_off_ends_as_under_pillow(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(draw_digit(3))
    data = data[: int(share * len(data))]
    assert decode_plain_png(data) is None
    assert np.array_equal(pixels_or_error(data), decode_with_pillow(data, monkeypatch))
