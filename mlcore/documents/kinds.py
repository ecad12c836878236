"""The kinds of documents, told by their first bytes."""

HEAD_BYTES = 64
PDF_MAGIC = b"%PDF-"
TIFF_MAGICS = (b"II*\x00", b"MM\x00*")


def is_pdf(head: bytes) -> bool:
    return head.startswith(PDF_MAGIC)


def is_document(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is a PDF or a TIFF. Its name is not trusted."""
    return is_pdf(head) or head.startswith(TIFF_MAGICS)
