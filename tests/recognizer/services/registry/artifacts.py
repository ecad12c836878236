"""Artifacts for tests: the shipped networks under another version."""

import json
import shutil
from pathlib import Path

from mlcore.artifact import CARD, SHIPPED


def copy_shipped(folder: Path, **changes: object) -> Path:
    """Copy the shipped artifact to the folder, whose name becomes its version, with changes of its card."""
    shutil.copytree(SHIPPED, folder)
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"version": folder.name, **changes}))
    return folder
