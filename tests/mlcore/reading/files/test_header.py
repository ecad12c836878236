import struct

import pytest

from mlcore.reading.files.errors import PictureError
from mlcore.reading.files.header import detect_format, jpeg_scans, read_header
from tests.pictures import draw_digit, encode


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_the_size_is_known_before_decoding(format: str) -> None:
    picture = draw_digit(7, size=100).crop((0, 0, 90, 60))
    header = read_header(encode(picture, format))
    assert (header.format, header.width, header.height) == (format, 90, 60)


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"quality": 80, "exif": b"Exif\0\0MM\0*"}])
def test_the_size_of_every_kind_of_webp_is_read(options: dict[str, object]) -> None:
    header = read_header(encode(draw_digit(7, size=100).crop((0, 0, 90, 60)), "WEBP", **options))
    assert (header.width, header.height) == (90, 60)


def test_a_jpegs_embedded_thumbnail_is_not_taken_for_its_size() -> None:
    segments = b"\xff\xe1" + struct.pack(">H", 2 + 40) + b"\xff\xc0" * 20  # looks like frames, is a comment
    data = encode(draw_digit(7, size=120), "JPEG", progressive=True)
    header = read_header(data[:2] + segments + data[2:])
    assert (header.width, header.height) == (120, 120)


def test_a_bmp_stored_from_the_top_has_a_positive_height() -> None:
    data = bytearray(encode(draw_digit(7, size=50), "BMP"))
    struct.pack_into("<i", data, 22, -50)
    assert read_header(bytes(data)).height == 50


def test_a_text_that_starts_like_a_bmp_is_refused() -> None:
    with pytest.raises(PictureError) as refusal:
        detect_format(b"BMW is what this text is about, at length")
    assert refusal.value.code == "unsupported_format"


def test_heic_is_refused_with_a_hint() -> None:
    with pytest.raises(PictureError, match="JPEG"):
        detect_format(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_truncated_header_is_a_damaged_picture(format: str) -> None:
    """A truncated header is accepted if it already has its size; the decoder then finds the damage."""
    data = encode(draw_digit(7, size=40), format)
    refused = []
    for length in range(12, 40):
        try:
            assert read_header(data[:length]).width == 40
        except PictureError as refusal:
            refused.append(refusal.code)
    assert set(refused) <= {"corrupt_image"}


def test_scans_are_counted_to_the_end_of_the_image_only() -> None:
    progressive = encode(draw_digit(7, size=120), "JPEG", progressive=True)
    assert jpeg_scans(encode(draw_digit(7, size=120), "JPEG")) == 1
    assert jpeg_scans(progressive) == progressive.count(b"\xff\xda") > 1
    assert jpeg_scans(progressive + b"\xff\xda\x00\x02" * 50) == jpeg_scans(progressive)


def test_too_many_segments_are_refused() -> None:
    data = encode(draw_digit(7, size=40), "JPEG")
    with pytest.raises(PictureError):
        read_header(data[:2] + b"\xff\xe0\x00\x02" * 20_000 + data[2:])


def test_scans_after_a_reserved_marker_count() -> None:
    """The decoder ignores the length that a reserved marker claims."""
    data = encode(draw_digit(7, size=40), "JPEG")
    hidden = b"\xff\x02\xff\xff" + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * 2000
    assert jpeg_scans(data[:-2] + hidden + data[-2:]) == 2001


@pytest.mark.parametrize("byte", [b"\xff", b"\xff\x00", b"\x00"])
def test_too_many_bytes_between_segments_are_refused(byte: bytes) -> None:
    data = encode(draw_digit(7, size=40), "JPEG")
    scan = data.index(b"\xff\xda")
    with pytest.raises(PictureError):
        read_header(data[:scan] + byte * 100_000 + data[scan:])
    assert read_header(data[:scan] + byte * 10 + data[scan:]).width == 40
