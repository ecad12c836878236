"""Names of pictures in archives, from the names of their files."""

from uuid import UUID

import pytest

from recognizer.models import Upload
from recognizer.services.exports.exports import name_picture

ID = UUID("3f0c9f4e-6a0e-4b51-9d5c-0f6f3f0f8a11")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("seven.png", "seven 3f0c9f4e6a0e.png"),
        ("page.2.HEIC", "page.2 3f0c9f4e6a0e.png"),
        ("scan", "scan 3f0c9f4e6a0e.png"),
        ("", f"{ID}.png"),
        ("../../etc/passwd.png", "etc passwd 3f0c9f4e6a0e.png"),
        ("C:\\pictures\\a.png", "C pictures a 3f0c9f4e6a0e.png"),
        ("x" * 200 + ".png", "x" * 80 + " 3f0c9f4e6a0e.png"),
        ("\u202egnp.exe", "gnp 3f0c9f4e6a0e.png"),
    ],
)
def test_a_picture_is_named_after_its_file(given, expected):
    assert name_picture(Upload(id=ID, name=given, format="PNG")) == f"pictures/{expected}"


def test_two_files_with_one_name_have_two_names():
    assert name_picture(Upload(name="a.png", format="PNG")) != name_picture(Upload(name="a.png", format="PNG"))
