"""Corpus of valid and invalid pictures, created in memory, each with the expected result.

The decoder, the page, the API and the command line are all tested with it.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from mlcore.training.evaluation.refusals import draw_qr_code
from tests.pictures import digit_png, draw_digit, encode

DIGIT = 7  # in the valid pictures


@dataclass(frozen=True)
class Case:
    """Picture with its expected result: an error code, a text, or a rejection (for `reason`, if one is given)."""

    name: str  # also the name of the file
    make: Callable[[], bytes]
    error: str | None = None
    text: str | None = None
    reason: str | None = None

    @property
    def data(self) -> bytes:
        return create(self)


@cache
def create(case: Case) -> bytes:
    return case.make()


# --- Files built by hand -------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, depth: int = 1, rows: bool = True) -> bytes:
    """Return a white greyscale PNG of any size. Its blank rows compress by a factor of 1,000."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0))
    body = b""
    if rows:
        row = b"\x00" + b"\xff" * ((width * depth + 7) // 8)
        packer = zlib.compressobj(9)
        body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def header_only_png(width: int, height: int) -> bytes:
    return png(width, height, rows=False)[:33]


def text_bomb(size: int) -> bytes:
    return chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(b"A" * size, 9))


def profile_bomb(size: int) -> bytes:
    return chunk(b"iCCP", b"icc\x00\x00" + zlib.compress(b"A" * size, 9))


def jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    return encode(image or draw_digit(DIGIT), "JPEG", quality=90, **options)


def jpeg_claiming(width: int, height: int) -> bytes:
    """Return a JPEG whose frame header gives a wrong size, so that a naive decoder allocates the whole picture."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def with_exif_orientation(orientation: int, image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(image, exif=exif)


def broken(data: bytes, at: int, replacement: bytes) -> bytes:
    return data[:at] + replacement + data[at + len(replacement) :]


def with_zeroed_rows() -> bytes:
    data = digit_png(DIGIT)
    at = data.index(b"IDAT") + 4
    length = struct.unpack_from(">I", data, at - 8)[0]
    return data[: at - 8] + chunk(b"IDAT", bytes(length)) + data[at + length + 4 :]


# --- Valid pictures in unusual formats -----------------------------------------------------------


def grey_digit() -> Image.Image:
    return draw_digit(DIGIT).convert("L")


def sixteen_bit() -> bytes:
    return encode(Image.fromarray(np.asarray(grey_digit()).astype(np.uint16) * 257))


def palette_with_transparency() -> bytes:
    image = grey_digit().convert("P")
    background = image.getpixel((0, 0))
    return encode(image, transparency=background)


def ink_in_alpha() -> bytes:
    alpha = Image.eval(grey_digit(), lambda level: 255 - level)
    image = Image.new("RGBA", alpha.size, (0, 0, 0, 0))
    image.putalpha(alpha)
    return encode(image)


def white_ink_on_transparent() -> bytes:
    alpha = Image.eval(grey_digit(), lambda level: 255 - level)
    image = Image.new("RGBA", alpha.size, (255, 255, 255, 0))
    image.putalpha(alpha)
    return encode(image)


def animation(format: str) -> bytes:
    return encode(draw_digit(DIGIT), format, save_all=True, append_images=[draw_digit(1), draw_digit(2)], duration=80)


def mpo() -> bytes:
    return encode(draw_digit(DIGIT), "MPO", save_all=True, append_images=[draw_digit(1)])


def jpeg_with_location() -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.5), 3: "E", 4: (2.0, 17.0, 40.2)})
    exif[0x010F] = "SecretCameraMaker"
    return jpeg(exif=exif)


def invalid_exif() -> bytes:
    return jpeg(exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff" + b"\xa5" * 60)


def gif_with_script() -> bytes:
    """Return a valid GIF with a script in its comment."""
    data = encode(grey_digit(), "GIF")
    comment = b"\x21\xfe" + bytes([26]) + b"*/=1;alert('polyglot');/*!" + b"\x00"
    return data[:-1] + comment + b"\x3b"


# --- Pictures without a digit ---------------------------------------------------------------------


def plain(colour: str, mode: str = "RGB") -> bytes:
    return encode(Image.new(mode, (300, 300), colour))


def one_pixel() -> bytes:
    image = Image.new("L", (300, 300), 255)
    image.putpixel((150, 150), 0)
    return encode(image)


def noise() -> bytes:
    return encode(Image.fromarray(np.random.default_rng(1).integers(0, 256, (300, 300, 3), np.uint8)))


def letter() -> bytes:
    image = Image.new("L", (300, 300), 255)
    draw = ImageDraw.Draw(image)
    for stroke in ([(80, 240), (80, 60), (150, 170), (220, 60), (220, 240)],):  # M
        draw.line(stroke, fill=0, width=18, joint="curve")
    return encode(image)


def landscape() -> bytes:
    """Return a picture of a sky, hills, a sun and trees."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:300, 0:400].astype(np.float32)
    sky = np.stack([120 + y / 4, 160 + y / 5, 230 - y / 6], axis=-1)
    hill = 190 + 30 * np.sin(x / 50) + 12 * np.sin(x / 17)
    ground = np.stack([60 + x / 9, 110 - y / 8, 40 + 0 * x], axis=-1)
    scene = np.where((y > hill)[..., None], ground, sky)
    scene[(x - 300) ** 2 + (y - 60) ** 2 < 900] = (250, 230, 120)
    image = Image.fromarray(np.clip(scene + rng.normal(0, 6, scene.shape), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(25):
        left, bottom = rng.integers(0, 400), rng.integers(200, 300)
        draw.polygon([(left, bottom), (left + 24, bottom), (left + 12, bottom - 60)], fill=(20, 60, 25))
    return jpeg(image)


def dots() -> bytes:
    """Return 270,000 dots in 2 kB. Comparing all pairs of dots would exhaust the memory."""
    grid = np.full((1040, 1040), 255, np.uint8)
    grid[1::2, 1::2] = 0
    return encode(Image.fromarray(grid).convert("1"))


def squared_paper() -> bytes:
    """Return squared paper with a mark in each of 7,000 boxes."""
    paper = np.full((1000, 1000), 255, np.uint8)
    paper[::12] = paper[:, ::12] = 0
    paper[5::12, 5::12] = paper[6::12, 5::12] = paper[5::12, 6::12] = 0
    return encode(Image.fromarray(paper))


def with_video() -> bytes:
    """Return a picture followed by a video, as phones save moving pictures; any two bytes may occur in it."""
    return jpeg(draw_digit(DIGIT).resize((4000, 3000))) + np.random.default_rng(6).bytes(5_000_000)


def two_digits() -> bytes:
    image = Image.new("RGB", (800, 400), "white")
    image.paste(draw_digit(3), (0, 0))
    image.paste(draw_digit(8), (400, 0))
    return encode(image)


def qr_code() -> bytes:
    return encode(Image.fromarray(draw_qr_code(np.random.default_rng(7))))


def encoded(format: str, image: Image.Image | None = None) -> bytes:
    return encode(image or draw_digit(DIGIT, size=64), format)


TOO_LARGE = "too_many_pixels"
FOREIGN = "unsupported_format"
DAMAGED = "corrupt_image"

REFUSED = (
    Case("empty.png", bytes, error="empty_file"),
    Case("20-megabytes-and-one-byte.png", lambda: digit_png().ljust(20 * 1024 * 1024 + 1, b"\0"), "file_too_large"),
    Case("50-megabytes.png", lambda: digit_png().ljust(50 * 1024 * 1024, b"\0"), "file_too_large"),
    Case("header-of-65535-squared.png", lambda: header_only_png(65535, 65535), TOO_LARGE),
    Case("width-of-2-to-31.png", lambda: header_only_png(2**31, 1), TOO_LARGE),
    Case("13000-squared.png", lambda: png(13000, 13000), TOO_LARGE),
    Case("10000-squared.png", lambda: png(10000, 10000), TOO_LARGE),
    Case("12000-squared.jpg", lambda: jpeg_claiming(12000, 12000), TOO_LARGE),
    Case("1-by-100000.png", lambda: png(1, 100_000), TOO_LARGE),
    Case("text.png", lambda: b"This is no picture at all.\n" * 20, FOREIGN),
    Case("html.png", lambda: b"<!doctype html><script>alert(1)</script>", FOREIGN),
    Case("drawing.svg", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', FOREIGN),
    Case("paper.pdf", lambda: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n", FOREIGN),
    Case("print.eps", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n", FOREIGN),
    Case("archive.zip", lambda: b"PK\x03\x04" + bytes(60), FOREIGN),
    Case("program.elf", lambda: b"\x7fELF\x02\x01\x01" + bytes(60), FOREIGN),
    Case("random.bin", lambda: np.random.default_rng(5).bytes(4000), FOREIGN),
    Case("tiff-named.png", lambda: encoded("TIFF"), FOREIGN),
    Case("bad-token.ppm", lambda: b"P6\n64 x4\n255\n" + bytes(64 * 64 * 3), FOREIGN),
    Case("icon.ico", lambda: encoded("ICO"), FOREIGN),
    Case("still.avif", lambda: b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00avifmif1miafMA1B" + bytes(60), FOREIGN),
    Case("photo.heic", lambda: b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(60), FOREIGN),
    Case("sky.fits", lambda: b"SIMPLE  =                    T".ljust(2880), FOREIGN),
    Case("layers.psd", lambda: b"8BPS\x00\x01" + bytes(60), FOREIGN),
    Case("texture.dds", lambda: encoded("DDS"), FOREIGN),
    Case("project.xcf", lambda: b"gimp xcf v011\x00" + bytes(60), FOREIGN),
    Case("signature-only.png", lambda: b"\x89PNG\r\n\x1a\n", DAMAGED),
    Case("cut.png", lambda: digit_png()[:400], DAMAGED),
    Case("half.jpg", lambda: jpeg()[: len(jpeg()) // 2], DAMAGED),
    Case("20-bytes.jpg", lambda: jpeg()[:20], DAMAGED),
    Case("cut.webp", lambda: encoded("WEBP", draw_digit(DIGIT))[:300], DAMAGED),
    Case("cut.gif", lambda: encoded("GIF", grey_digit())[:60], DAMAGED),
    Case("cut.bmp", lambda: encoded("BMP")[:200], DAMAGED),
    Case("wrong-checksum.png", lambda: broken(digit_png(), 29, b"\xde\xad\xbe\xef"), DAMAGED),
    Case("broken-zlib.png", with_zeroed_rows, DAMAGED),
    Case("0-by-0.png", lambda: png(0, 0), DAMAGED),
    Case("text-bomb.png", lambda: png(64, 64, text_bomb(64_000_000)), DAMAGED),
    Case("80-text-chunks.png", lambda: png(64, 64, *[text_bomb(1_000_000)] * 80), DAMAGED),
    Case("profile-bomb.png", lambda: png(64, 64, profile_bomb(64_000_000)), DAMAGED),
)

READ = tuple(
    Case(name, make, text=str(DIGIT))
    for name, make in (
        ("plain.png", lambda: digit_png(DIGIT)),
        ("plain.jpg", jpeg),
        ("plain.webp", lambda: encoded("WEBP", draw_digit(DIGIT))),
        ("plain.gif", lambda: encoded("GIF", grey_digit())),
        ("plain.bmp", lambda: encoded("BMP", draw_digit(DIGIT))),
        ("exif-orientation-6.jpg", lambda: with_exif_orientation(6, draw_digit(DIGIT).rotate(90))),
        ("exif-orientation-99.jpg", lambda: with_exif_orientation(99, draw_digit(DIGIT))),
        ("exif-rubbish.jpg", invalid_exif),
        ("gps.jpg", jpeg_with_location),
        ("16-bit.png", sixteen_bit),
        ("1-bit.png", lambda: encode(grey_digit().convert("1", dither=Image.Dither.NONE))),
        ("palette-and-transparency.png", palette_with_transparency),
        ("ink-in-alpha.png", ink_in_alpha),
        ("white-ink-on-nothing.png", white_ink_on_transparent),
        ("cmyk.jpg", lambda: jpeg(draw_digit(DIGIT).convert("CMYK"))),
        ("animated.png", lambda: animation("PNG")),
        ("animated.webp", lambda: animation("WEBP")),
        ("animated.gif", lambda: animation("GIF")),
        ("jpeg-and-html.jpg", lambda: jpeg() + b"<html><script>alert(1)</script></html>"),
        ("gif-and-script.gif", gif_with_script),
        ("png-and-zip.png", lambda: digit_png(DIGIT) + b"PK\x03\x04" + bytes(60)),
        ("png-named.jpg", lambda: digit_png(DIGIT)),
        ("../../etc/passwd", lambda: digit_png(DIGIT)),
        ("nul\x00and\u202egnp.\u202c" + "x" * 400 + ".png", lambda: digit_png(DIGIT)),
        ("inverted.png", lambda: encode(Image.eval(draw_digit(DIGIT), lambda level: 255 - level))),
        ("stereo.mpo", mpo),
        ("moving.jpg", with_video),
    )
)

NO_INK = tuple(
    Case(name, make, reason="no_ink")
    for name, make in (
        ("white.png", lambda: plain("white")),
        ("black.png", lambda: plain("black")),
        ("transparent.png", lambda: encode(Image.new("RGBA", (300, 300), (0, 0, 0, 0)))),
        ("one-pixel.png", one_pixel),
    )
)

NO_DIGIT = tuple(
    Case(name, make)
    for name, make in (
        ("noise.png", noise),
        ("letter.png", letter),
        ("landscape.jpg", landscape),
        ("two-digits.png", two_digits),  # in mode digit; unsure is right too
        ("qr-code.png", qr_code),
        ("dots.png", dots),
        ("squared-paper.png", squared_paper),
    )
)

ALL = REFUSED + READ + NO_INK + NO_DIGIT
