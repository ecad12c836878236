"""Files and folders that processes create are private; what nginx serves is readable by its group."""

import subprocess
import sys
from pathlib import Path

from django.core.files.base import ContentFile

from recognizer.storage.disk import AtomicFileSystemStorage
from tests.surroundings import ROOT


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_files_and_folders_are_private_once_the_configuration_is_imported(tmp_path):
    code = "import config, pathlib as p; p.Path('folder').mkdir(); p.Path('folder/file').touch()"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env={"PYTHONPATH": str(ROOT)})
    assert (mode(tmp_path / "folder"), mode(tmp_path / "folder" / "file")) == (0o700, 0o600)


def test_media_are_readable_by_the_group(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    AtomicFileSystemStorage().save("a/b/c.png", ContentFile(b"1"))
    assert [mode(tmp_path / "media" / path) for path in ("", "a", "a/b", "a/b/c.png")] == [0o750, 0o750, 0o750, 0o640]
