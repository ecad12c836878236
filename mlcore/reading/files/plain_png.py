"""The fast decoder of plain PNG files: eight bits a channel, grey, RGB or opaque RGBA, as pads and browsers write them.

OpenCV takes half as long as Pillow for them. Files that are damaged or unusual are left to Pillow, which decides.
"""

import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

GREY, RGB, RGBA = 0, 2, 6  # colour types
# Depth, colour type, compression, filter and interlace.
PLAIN_HEADERS = tuple(bytes((8, kind, 0, 0, 0)) for kind in (GREY, RGB, RGBA))
# Chunks that change neither the pixels nor how they are turned. Text may: some programs write EXIF data as text.
PLAIN_CHUNKS = frozenset({b"IHDR", b"IDAT", b"IEND", b"pHYs", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"tIME"})
MAX_CHUNKS = 100
# libpng unpacks what follows the picture, too, which Pillow does not. So much gives at most 66 MB, in some 60 ms.
MAX_PACKED = 64 * 1024
OPAQUE = 255


def decode_plain_png(data: bytes) -> NDArray[np.uint8] | None:
    """Return the pixels, (h, w, 3) RGB, or None where Pillow has to decode the file."""
    if not is_plain_png(data):
        return None
    is_rgba = data[25] == RGBA
    flags = cv2.IMREAD_UNCHANGED if is_rgba else cv2.IMREAD_COLOR_RGB
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None or not is_rgba:
        return None if pixels is None else np.asarray(pixels, np.uint8)
    if cv2.minMaxLoc(cv2.extractChannel(pixels, 3))[0] < OPAQUE:
        return None
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB), np.uint8)


def is_plain_png(data: bytes) -> bool:
    """Return whether the file is whole, and nothing in it needs more than its pixels."""
    if not 33 <= len(data) <= MAX_PACKED or data[24:29] not in PLAIN_HEADERS:
        return False
    last = b""
    for number, (kind, is_whole) in enumerate(png_chunks(data)):
        if number == MAX_CHUNKS or not is_whole or kind not in PLAIN_CHUNKS:
            return False
        last = kind
    return last == b"IEND"


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield each chunk's type and whether its checksum is right, up to the end of the picture."""
    at, kind = 8, b""
    view = memoryview(data)
    while at + 12 <= len(data) and kind != b"IEND":
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 8 + length
        yield kind, end + 4 <= len(data) and zlib.crc32(view[at + 4 : end]) == int.from_bytes(data[end : end + 4])
        at = end + 4
