"""The decoder: it turns a file's bytes into upright RGB pixels on white. All limits are checked first."""

import io
import struct
import threading
from contextlib import nullcontext
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from mlcore.reading.files.errors import PictureError
from mlcore.reading.files.header import Format, Header, jpeg_scans, read_header
from mlcore.reading.files.plain_png import decode_plain_png

MAX_BYTES = 20 * 1024 * 1024
MAX_SIDE = 12_000
MAX_PIXELS = 24_000_000
MAX_PIXELS_JPEG = 50_000_000  # only JPEG can be decoded at a fraction of its size
MAX_SCANNED_PIXELS = 600_000_000  # decoding a progressive JPEG passes over all pixels once per scan
LONGEST = 1600  # px: larger pictures are reduced to this
LARGE_PIXELS = 4_000_000  # larger pictures are decoded one at a time, so that several cannot fill the memory

DAMAGE = (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error, MemoryError, OverflowError)
# For each EXIF orientation: quarter turns, and whether it is mirrored.
UPRIGHT = {
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (3, True),
    6: (3, False),
    7: (1, True),
    8: (1, False),
}

large_decode_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    pixels: NDArray[np.uint8]  # (H, W, 3) RGB on white, upright, longest side at most LONGEST
    format: Format
    width: int  # of the original, upright, in its own pixels
    height: int
    scale: float  # pixels of `pixels` for one pixel of the original


def decode(data: bytes) -> Picture:
    check_length(data)
    header = read_header(data)
    check_size(header.format, header.width, header.height)
    check_scans(data, header)
    with large_decode_lock if header.width * header.height > LARGE_PIXELS else nullcontext():
        try:
            return open_picture(data, header)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise too_many_pixels() from error
        except DAMAGE as error:
            raise PictureError("corrupt_image", "The image is damaged.") from error


def check_length(data: bytes) -> None:
    if not data:
        raise PictureError("empty_file", "The file is empty.")
    if len(data) > MAX_BYTES:
        raise PictureError("file_too_large", "The file is too large. The maximum is 20 MB.")


def check_size(format_: Format, width: int, height: int) -> None:
    limit = MAX_PIXELS_JPEG if format_ == "JPEG" else MAX_PIXELS
    if width * height > limit or max(width, height) > MAX_SIDE:
        raise too_many_pixels()


def check_scans(data: bytes, header: Header) -> None:
    """Reject a JPEG with too many scans: thousands fit in a small file, and each costs a pass over the picture."""
    most = MAX_SCANNED_PIXELS // (header.width * header.height)
    if header.format == "JPEG" and data.count(b"\xff\xda") > most and jpeg_scans(data) > most:  # count() is faster
        raise too_many_pixels()


def too_many_pixels() -> PictureError:
    return PictureError("too_many_pixels", "The image has too many pixels. The maximum is 24 megapixels (JPEG: 50).")


def open_picture(data: bytes, header: Header) -> Picture:
    if header.format == "PNG" and (pixels := decode_plain_png(data)) is not None:
        return make_picture(reduce_to(pixels, LONGEST), header.format, header.width, header.height)
    with Image.open(io.BytesIO(data), formats=(header.format,)) as image:
        width, height = image.size
        check_size(header.format, width, height)  # a GIF frame may be larger than the file said
        image.draft("RGB", fitted_size(width, height, LONGEST))
        image.load()
        pixels = rgb_on_white(image)  # (h, w, 3)
        orientation = read_orientation(image)
    pixels = turn_upright(reduce_to(pixels, LONGEST), orientation)
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    return make_picture(pixels, header.format, width, height)


def make_picture(pixels: NDArray[np.uint8], format_: Format, width: int, height: int) -> Picture:
    return Picture(pixels, format_, width, height, max(pixels.shape[:2]) / max(width, height))


def fitted_size(width: int, height: int, longest: int) -> tuple[int, int]:
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def reduce_to(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    if max(height, width) <= longest:
        return pixels
    reduced: NDArray[np.uint8] = cv2.resize(pixels, fitted_size(width, height, longest), interpolation=cv2.INTER_AREA)
    return reduced


def rgb_on_white(image: Image.Image) -> NDArray[np.uint8]:
    """Convert any mode to (h, w, 3) uint8. Transparent areas become white paper."""
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip it at 255
        grey = (np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if not image.has_transparency_data:
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))  # convert() would copy
    rgba = image.convert("RGBA")
    opaque = composite_on(rgba, "white")
    if int(opaque.min()) < 250 or rgba.getchannel("A").getextrema()[1] == 0:
        return opaque
    return composite_on(rgba, "black")  # white ink on a transparent ground


def composite_on(rgba: Image.Image, colour: str) -> NDArray[np.uint8]:
    paper = Image.new("RGB", rgba.size, colour)
    paper.paste(rgba, mask=rgba.getchannel("A"))
    return np.asarray(paper)  # (h, w, 3)


def read_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; a damaged or unknown one counts as upright."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (*DAMAGE, KeyError, TypeError):
        return 1
    return value if value in UPRIGHT else 1


def turn_upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    quarter_turns, mirrored = UPRIGHT.get(orientation, (0, False))
    turned = np.rot90(pixels, quarter_turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def encode_picture(picture: Picture, longest: int = LONGEST) -> bytes:
    """Encode the pixels without metadata for display: JPEG for photos, PNG for drawings."""
    image = Image.fromarray(reduce_to(picture.pixels, longest))
    output = io.BytesIO()
    if picture.format in ("JPEG", "WEBP"):
        image.save(output, "JPEG", quality=88)
    else:
        image.save(output, "PNG", compress_level=4)
    return output.getvalue()


def encode_thumbnail(picture: Picture, longest: int = 160) -> bytes:
    pixels = picture.pixels
    while max(pixels.shape[:2]) >= 2 * longest:  # halving takes a tenth of the time of other factors
        pixels = reduce_to(pixels, max(pixels.shape[:2]) // 2)
    output = io.BytesIO()
    Image.fromarray(reduce_to(pixels, longest)).save(output, "JPEG", quality=80)  # takes a tenth of the time of WebP
    return output.getvalue()
