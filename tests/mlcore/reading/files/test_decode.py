import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageOps

from mlcore.reading.files import decode as module
from mlcore.reading.files.decode import LONGEST, decode, encode_picture, encode_thumbnail
from mlcore.reading.files.errors import PictureError
from tests import corpus
from tests.pictures import draw_digit, encode


def scribble(width: int = 7, height: int = 5) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(scribble(), "PNG", exif=exif)


@pytest.mark.parametrize("orientation", range(10))
def test_the_picture_is_turned_as_pillow_turns_it(orientation: int) -> None:
    data = oriented(orientation)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    picture = decode(data)
    assert np.array_equal(picture.pixels, expected)
    assert (picture.height, picture.width) == expected.shape[:2]


def test_sixteen_bits_keep_their_upper_eight() -> None:
    levels = np.array([[0, 300, 32_768, 65_535]], np.uint16)
    assert decode(encode(Image.fromarray(levels))).pixels[0, :, 0].tolist() == [0, 1, 128, 255]


def test_transparent_areas_become_white() -> None:
    image = Image.new("RGBA", (3, 1), (0, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    image.putpixel((2, 0), (0, 0, 0, 128))
    assert decode(encode(image)).pixels[0, :, 0].tolist() == [0, 255, 127]


def test_white_ink_on_a_transparent_ground_is_put_on_black() -> None:
    image = Image.new("RGBA", (2, 1), (255, 255, 255, 255))
    image.putpixel((1, 0), (255, 255, 255, 0))
    assert decode(encode(image)).pixels[0, :, 0].tolist() == [255, 0]


def test_an_animation_shows_its_first_frame() -> None:
    first = Image.new("RGB", (20, 20), (200, 30, 30))
    others = [Image.new("RGB", (20, 20), (30, 200, 30))]
    for format in ("PNG", "WEBP", "GIF"):
        pixel = decode(encode(first, format, save_all=True, append_images=others)).pixels[10, 10]
        assert np.abs(pixel.astype(int) - (200, 30, 30)).max() <= 3, format


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_large_picture_is_reduced_and_has_its_scale(format: str) -> None:
    picture = decode(encode(Image.new("L", (4000, 1000), 200), format))
    assert picture.pixels.shape == (400, LONGEST, 3)
    assert (picture.width, picture.height, picture.scale) == (4000, 1000, LONGEST / 4000)


def test_a_large_jpeg_is_never_decoded_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(Image.new("L", (6400, 4800), 200), "JPEG")
    seen = []
    real = module.rgb_on_white
    monkeypatch.setattr(module, "rgb_on_white", lambda image: seen.append(image.size) or real(image))
    decode(data)
    assert seen == [(1600, 1200)]


def test_thousands_of_empty_scans_are_refused() -> None:
    data = corpus.jpeg(Image.new("L", (3000, 2000), 255))
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    with pytest.raises(PictureError) as refusal:
        decode(data[:-2] + scan * 2000 + data[-2:])
    assert refusal.value.code == "too_many_pixels"


def test_only_the_parser_of_the_detected_format_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    Image.init()
    allowed = {"PNG", "JPEG", "WEBP", "GIF", "BMP", "MPO"}
    foreign = [name for name in Image.OPEN if name not in allowed]

    def forbidden(*arguments: object) -> None:
        raise AssertionError("a foreign parser was given the bytes")

    for name in foreign:
        monkeypatch.setitem(Image.OPEN, name, (forbidden, forbidden))
    for case in corpus.REFUSED:
        with pytest.raises(PictureError):
            decode(case.data)
    assert len(foreign) > 20


def test_encoded_pictures_have_no_metadata() -> None:
    original = corpus.jpeg_with_location() + b"<script>alert(1)</script>"
    for data in (encode_picture(decode(original)), encode_thumbnail(decode(original))):
        assert b"SecretCameraMaker" not in data
        assert b"script" not in data
        assert not Image.open(io.BytesIO(data)).getexif()
        assert "exif" not in Image.open(io.BytesIO(data)).info


def test_a_thumbnail_is_small() -> None:
    thumbnail = Image.open(io.BytesIO(encode_thumbnail(decode(encode(draw_digit(7, size=900))))))
    assert max(thumbnail.size) == 160


def test_a_programming_error_is_not_reported_as_a_damaged_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(image: Image.Image) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "rgb_on_white", broken)
    with pytest.raises(ZeroDivisionError):
        decode(encode(draw_digit(7), "GIF"))


def test_decompression_bombs_are_refused_within_200_mb() -> None:
    """Decode them in a process that may not grow by more than 200 MB."""
    program = (
        "import resource; from tests import corpus; from mlcore.reading.files.decode import decode\n"
        "from mlcore.reading.files.errors import PictureError\n"
        "cases = [(case.name, case.data) for case in corpus.REFUSED if case.error == 'too_many_pixels']\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 200 * 2**20,) * 2)\n"
        "for name, data in cases:\n"
        "    try: decode(data); raise SystemExit(name)\n"
        "    except PictureError as error: assert error.code == 'too_many_pixels', (name, error.code)\n"
        "print(len(cases))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "6\n"), done.stderr
