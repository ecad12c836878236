"""PDF and TIFF files with digits, and hostile ones, made in memory."""

import io
import struct
import zlib

import pypdfium2
from PIL import Image

from tests.pictures import digit_png


def pictures_of(digits: str) -> list[Image.Image]:
    return [Image.open(io.BytesIO(digit_png(int(digit), size=300))).convert("RGB") for digit in digits]


def pdf_of(digits: str, *, format: str = "PDF") -> bytes:
    """Return a PDF, or a TIFF, with one digit on each page."""
    first, *others = pictures_of(digits)
    output = io.BytesIO()
    options = {"compression": "tiff_deflate"} if format == "TIFF" else {}
    first.save(output, format, save_all=True, append_images=others, **options)
    return output.getvalue()


def tiff_of(digits: str) -> bytes:
    return pdf_of(digits, format="TIFF")


def empty_pdf(pages: int) -> bytes:
    """Return a PDF with so many empty pages."""
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(200, 200)
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def raw_pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """Return a PDF with these objects, the first of which is its catalog."""
    output = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(output)
    output += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    output += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    output += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(output)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(content, 9)
    header = b"<< /Length %d /Filter /FlateDecode %s >>" % (len(packed), entries)
    return b"%s\nstream\n%s\nendstream" % (header, packed)


def one_page_pdf(*, content: bytes, resources: bytes = b"<< >>", more: tuple[bytes, ...] = ()) -> bytes:
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources %s >>" % resources
    catalog, pages = b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return raw_pdf(catalog, pages, page, stream(content), *more)


def bomb_pdf() -> bytes:
    """Return a small PDF with a picture of 2.5 gigapixels."""
    side = 50_000
    entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8"
    packer = zlib.compressobj(9)
    row = bytes(3 * side)
    packed = b"".join(packer.compress(row) for _ in range(2_000)) + packer.flush()
    header = b"<< /Length %d /Filter /FlateDecode %s >>" % (len(packed), entries % (side, side))
    picture = b"%s\nstream\n%s\nendstream" % (header, packed)
    return one_page_pdf(
        content=b"200 0 0 200 0 0 cm /I Do", resources=b"<< /XObject << /I 5 0 R >> >>", more=(picture,)
    )


def endless_pdf() -> bytes:
    """Return a small PDF whose forms draw each other ten times, twelve deep."""
    first, depth = 5, 12
    forms = []
    for level in range(depth):
        inner = first + level + 1
        resources = b"<< /XObject << /F %d 0 R >> >>" % inner if level < depth - 1 else b"<< >>"
        content = b"/F Do\n" * 10 if level < depth - 1 else b"0 0 100 100 re f\n" * 10
        forms.append(stream(content, b"/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources %s" % resources))
    return one_page_pdf(content=b"/F Do\n" * 10, resources=b"<< /XObject << /F %d 0 R >> >>" % first, more=tuple(forms))


def encrypted_pdf() -> bytes:
    """Return a PDF that only opens with a password."""
    encryption = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]" % (
        b"ab" * 32,
        b"cd" * 32,
    )
    catalog, pages = b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"
    return raw_pdf(catalog, pages, page, trailer=encryption)


def many_page_tiff(pages: int) -> bytes:
    """Return a TIFF with so many pages of one black pixel each, all with the same pixel."""
    pixel = 8
    entries = [(256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 1, pixel), (277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, 1)]
    size = 2 + 12 * len(entries) + 4
    output = bytearray(b"II*\x00" + struct.pack("<I", pixel + 4) + bytes(4))
    for number in range(pages):
        output += struct.pack("<H", len(entries))
        for entry in entries:
            output += struct.pack("<HHII", *entry)
        output += struct.pack("<I", len(output) + 4 if number < pages - 1 else 0)
    assert len(output) == pixel + 4 + pages * size
    return bytes(output)


def looping_tiff() -> bytes:
    """Return a TIFF whose only page is followed by itself."""
    data = bytearray(many_page_tiff(1))
    data[-4:] = struct.pack("<I", 12)
    return bytes(data)


def bomb_tiff() -> bytes:
    """Return a small TIFF that states 60,000 × 60,000 pixels."""
    data = bytearray(many_page_tiff(1))
    for tag in (256, 257):
        at = data.index(struct.pack("<HH", tag, 3))
        data[at : at + 12] = struct.pack("<HHII", tag, 4, 1, 60_000)
    return bytes(data)
