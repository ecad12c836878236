"""The header of a picture file: format and size, read before any decoder runs."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mlcore.reading.files.errors import PictureError

Format = Literal["PNG", "JPEG", "WEBP", "GIF", "BMP"]
PICTURE_FORMATS = "PNG, JPEG, WebP, GIF or BMP"  # the same in words
UNSUPPORTED_FORMAT = f"This file format is not supported. Use {PICTURE_FORMATS}."

BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_SCAN, JPEG_END = 0xDA, 0xD9
# The markers of segments that state their length, and of the end. Other markers occur among the pixels. The decoder
# ignores the length that a reserved marker claims, and reads the bytes after it.
JPEG_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
MAX_SEGMENTS = 10_000  # photographs have dozens, or hundreds with much metadata
MAX_GAP = 65_536  # bytes between two segments, which decoders skip one by one


@dataclass(frozen=True, slots=True)
class Header:
    format: Format
    width: int
    height: int


def read_header(data: bytes) -> Header:
    format_ = detect_format(data)
    try:
        width, height = SIZES[format_](data)
    except (struct.error, IndexError) as error:
        raise PictureError("corrupt_image", "The image is damaged.") from error
    if width <= 0 or height <= 0:
        raise PictureError("corrupt_image", "The image is damaged.")
    return Header(format_, width, height)


def detect_format(data: bytes) -> Format:
    """Return the format by the magic bytes. File names and declared types are not trusted."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"BM") and (len(data) < 18 or data[14] in BMP_HEADERS):
        return "BMP"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        raise PictureError("unsupported_format", "HEIC files are not supported. Save the photo as JPEG.")
    raise PictureError("unsupported_format", UNSUPPORTED_FORMAT)


def png_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def gif_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def bmp_size(data: bytes) -> tuple[int, int]:
    old = data[14] == 12  # OS/2: 16-bit sides
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    return width, abs(height)  # a negative height means that the rows run downwards


def webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Return the size that the first frame header states; segments before it are skipped."""
    frame = len(data)
    for marker, at in jpeg_segments(data):
        if marker in JPEG_FRAMES:
            frame = min(frame, at)
        if marker == JPEG_SCAN:
            break
    height, width = struct.unpack_from(">HH", data, frame + 5)
    return width, height


def jpeg_scans(data: bytes) -> int:
    """Return the number of scans: how many times the decoder passes over the picture."""
    return sum(marker == JPEG_SCAN for marker, _ in jpeg_segments(data))


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield each segment's marker and offset, up to the end of the image: some phones append a video."""
    at, number, marker = 2, 0, 0
    while (found := JPEG_MARKER.search(data, at)) and data[found.start() + 1] != JPEG_END:
        gap = 0 if marker == JPEG_SCAN else found.start() - at
        at, number, marker = found.start(), number + 1, data[found.start() + 1]
        if number > MAX_SEGMENTS or gap > MAX_GAP:
            raise PictureError("corrupt_image", "The image is damaged.")
        yield marker, at
        at += 2 + int.from_bytes(data[at + 2 : at + 4])


SIZES = {"PNG": png_size, "JPEG": jpeg_size, "WEBP": webp_size, "GIF": gif_size, "BMP": bmp_size}
