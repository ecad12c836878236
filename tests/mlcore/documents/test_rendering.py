"""The pages of documents, and hostile documents, which end with a code."""

import io
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from PIL import Image

from mlcore.documents import rendering
from mlcore.documents.kinds import is_document
from mlcore.documents.rendering import Page, Rendering
from mlcore.reading.files.decode import LONGEST, decode
from mlcore.reading.files.errors import PictureError
from tests.documents import (
    bomb_pdf,
    bomb_tiff,
    empty_pdf,
    encrypted_pdf,
    endless_pdf,
    looping_tiff,
    many_page_tiff,
    pdf_of,
    tiff_of,
)
from tests.servers.process import wait_until


def pages_of(data: bytes, **options: int) -> list[Page]:
    with Rendering(data, **options) as found:
        return list(found)


@pytest.mark.parametrize("make", [pdf_of, tiff_of])
def test_each_page_is_a_picture_and_the_first_comes_last(make):
    data = make("407")
    assert is_document(data[:64])
    pages = pages_of(data)
    assert [(page.number, page.error_code) for page in pages] == [(2, ""), (3, ""), (1, "")]
    for page in pages:
        picture = decode(page.png)
        assert picture.format == "PNG" and max(picture.width, picture.height) <= LONGEST
        assert picture.pixels.min() < 100  # ink
    assert len({page.png for page in pages}) == 3


def test_the_pages_before_the_first_one_that_is_asked_for_are_left_out():
    assert [page.number for page in pages_of(pdf_of("407"), first=3)] == [3, 1]
    assert [page.number for page in pages_of(pdf_of("4"))] == [1]


def test_a_page_of_a_pdf_has_the_size_of_a_picture(monkeypatch):
    (page,) = pages_of(empty_pdf(1))
    assert Image.open(io.BytesIO(page.png)).size == (LONGEST, LONGEST)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (encrypted_pdf, "encrypted_file"),
        (lambda: b"%PDF-1.7\nbroken", "corrupt_document"),
        (lambda: pdf_of("40")[:-600], "corrupt_document"),
        (lambda: empty_pdf(10_000), "too_many_pages"),
        (lambda: b"II*\x00" + 60 * b"\xff", "corrupt_document"),
        (lambda: many_page_tiff(65_535), "too_many_pages"),
        (bomb_tiff, "too_many_pixels"),
    ],
    ids=["encrypted", "broken", "cut", "10,000 pages", "broken TIFF", "65,535 pages", "bomb"],
)
def test_a_document_that_cannot_be_opened_ends_with_a_code(make, code):
    with pytest.raises(PictureError) as raised:
        pages_of(make())
    assert raised.value.code == code


@pytest.mark.parametrize("make", [bomb_pdf, endless_pdf], ids=["bomb", "endless"])
@pytest.mark.slow
def test_a_page_that_needs_too_much_ends_with_a_code_or_without_ink(make):
    """A page is either rendered within the limits of the child, or refused. Neither takes memory from its parent."""
    try:
        pages = pages_of(make())
    except PictureError as error:
        assert error.code == "document_too_complex"
    else:
        assert [page.number for page in pages] == [1]


def test_a_document_with_a_loop_ends():
    assert [page.number for page in pages_of(looping_tiff())][-1] == 1


def test_the_child_gets_no_secrets_and_ends_with_its_parent_s_interest(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "secret")
    with Rendering(pdf_of("4070")) as found:
        next(iter(found))
        child = found.process
        shown = Path(f"/proc/{child.pid}/environ")
        environment = shown.read_bytes() if shown.exists() else b""
    assert b"SECRET_KEY" not in environment
    assert child.returncode is not None


def has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux can tie a process to its parent.")
def test_the_child_ends_with_a_parent_that_is_killed():
    """The child is stopped, so that nothing else can end it."""
    code = """
import os, signal, sys
from mlcore.documents.rendering import Rendering
with Rendering(sys.stdin.buffer.read()) as found:
    os.kill(found.process.pid, signal.SIGSTOP)
    print(found.process.pid, flush=True)
    signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        parent.stdin.write(pdf_of("407"))
        parent.stdin.close()
        child = psutil.Process(int(parent.stdout.readline()))
        try:
            parent.kill()
            parent.wait()
            wait_until(lambda: has_ended(child), seconds=60, what="end of the child")
        finally:
            with suppress(psutil.NoSuchProcess):
                child.kill()


def test_a_child_that_dies_is_reported(monkeypatch):
    monkeypatch.setattr(rendering.sys, "executable", "/bin/false")
    with pytest.raises(PictureError) as raised:
        pages_of(pdf_of("4"))
    assert raised.value.code == "document_too_complex"
